"""Whether a request meets a webhook's `matchConditions`.

All must hold. Where one comes to nothing and none is false, failurePolicy decides: the request is refused, or
the webhook is not asked.
"""

from convoy.cluster.admission.forms import Form
from convoy.cluster.admission.hooks import Hook
from convoy.cluster.admission.reviews import build_question
from convoy.cluster.machinery.admission import AdmissionRequest, MayUser
from convoy.cluster.machinery.statuses import forbidden


def meets(hook: Hook, request: AdmissionRequest, form: Form, may_user: MayUser) -> bool:
    """Whether all hold; raises StatusError 403 when that cannot be said and the webhook must be asked."""
    # Loaded with the first condition: the interpreter is large.
    from convoy.cluster.schema.cel.conditions import Asked, ConditionError, condition_holds

    question = {"uid": "", **build_question(request, form)}
    asked = Asked(
        {"object": form.object, "oldObject": form.old_object, "request": question},
        request.user,
        may_user,
    )
    errors = []
    for condition in hook.conditions:
        try:
            if not condition_holds(condition.expression, asked):
                return False
        except ConditionError as error:
            errors.append(f"expression '{condition.expression}' resulted in error: {error}")
    if errors and hook.is_fatal:
        listed = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
        raise forbidden(request.asked, request.name, listed)
    return not errors
