"""ClusterRoles whose rules are those of others, by label: `admin`, `edit`, `view`, and what users add.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
"""

from collections.abc import Iterable

from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, labels_of, name_of
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.store import Event, Key
from convoy.cluster.store.selectors import label_selector_of

CLUSTER_ROLES = "rbac.authorization.k8s.io/clusterroles"


class AggregationController(Controller):
    """Keeps the rules of ClusterRoles that have an aggregationRule."""

    name = "clusterrole-aggregation-controller"
    workers = 1  # one role's rules may be gathered from another that is gathered itself

    def follow(self, feed: Feed) -> None:
        """ClusterRoles; any of them may be part of any other."""
        feed.on(CLUSTER_ROLES, self._take)

    def _take(self, event: Event) -> None:
        for role in self.client.list(CLUSTER_ROLES):
            if role.get("aggregationRule"):
                self.queue.add(Key("", name_of(role)))

    async def sync(self, key: Key) -> float | None:
        """Gather the rules anew."""
        role = self.client.get(CLUSTER_ROLES, "", key.name)
        if role is None or not role.get("aggregationRule"):
            return None
        rules = gathered_rules(role, self.client.list(CLUSTER_ROLES))

        def change(current: Json) -> Json | None:
            if (current.get("rules") or []) == rules:
                return None
            return {**current, "rules": rules}

        await self.client.modify(CLUSTER_ROLES, role, change)
        return None


def gathered_rules(role: Json, roles: Iterable[Json]) -> list[Json]:
    """The rules of all that the role's selectors select, each once; `roles` are in order of their names."""
    others = [each for each in roles if name_of(each) != name_of(role)]
    rules: list[Json] = []
    for selector in (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
        try:
            selects = label_selector_of(selector)
        except StatusError:  # selects nothing that could be said
            continue
        for other in others:
            if selects.matches(labels_of(other)):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules
