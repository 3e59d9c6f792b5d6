"""Every rule of who may see or do what, for pages, API, downloads and live connections.

`visible` selects the rows that a person may know of: at the address of any other they get 404. `why_not` is for what they may
know of: None, or the refusal that they read. Whether the state of a thing allows a verb is another question; its app answers it.

The rules join what the apps know: roles, owners, authors, enrolments. Actions take `by=` for the history and check nobody.
Others import from here, never from the modules inside.
"""

from portal.access.permissions import RULES as RULES
from portal.access.permissions import TAKEN_BY_STAFF as TAKEN_BY_STAFF
from portal.access.permissions import Forbidden as Forbidden
from portal.access.permissions import NotYours as NotYours
from portal.access.permissions import may as may
from portal.access.permissions import may_keep_awake as may_keep_awake
from portal.access.permissions import only as only
from portal.access.permissions import require as require
from portal.access.permissions import why_not as why_not
from portal.access.roles import administers as administers
from portal.access.roles import donates as donates
from portal.access.roles import is_course_teacher as is_course_teacher
from portal.access.roles import main_role as main_role
from portal.access.roles import only_donates as only_donates
from portal.access.roles import teaches as teaches
from portal.access.roles import teaches_a_course as teaches_a_course
from portal.access.roles import teaches_in as teaches_in
from portal.access.roles import teaches_somewhere as teaches_somewhere
from portal.access.visibility import carers as carers
from portal.access.visibility import changeable as changeable
from portal.access.visibility import in_care_of as in_care_of
from portal.access.visibility import questions_to_watch as questions_to_watch
from portal.access.visibility import taught_with as taught_with
from portal.access.visibility import to_decide as to_decide
from portal.access.visibility import visible as visible
