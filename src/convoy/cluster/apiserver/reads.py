"""Reads: one object, or a list.

An answer leaves after the commit of whatever it shows: what was read once must not be gone after a crash.
"""

from convoy.cluster.apiserver.answers import Answer
from convoy.cluster.apiserver.call import Call
from convoy.cluster.apiserver.listing import check_reached, parse_list
from convoy.cluster.apiserver.pages import list_page


async def get_object(call: Call) -> Answer:
    """One object; raises StatusError 404, 504 for a revision that is not reached."""
    check_reached(call.query, call.store.revision)
    answer = call.shown(call.registry.get(call.resource, call.namespace, call.path.name))
    await call.store.committed()
    return answer


async def list_objects(call: Call) -> Answer:
    """A list or a page of one."""
    wanted = parse_list(call.query, call.resource, newest=call.store.revision, selectable=call.selectable)
    showing = call.showing()
    page = list_page(call.store, call.resource, call.scope, wanted)
    answer = showing.answer(showing.many(page.items, page.metadata))
    await call.store.committed()
    return answer
