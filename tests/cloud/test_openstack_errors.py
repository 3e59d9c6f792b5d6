"""The error of the contract for each answer. What the clients raise themselves is tried on the real cloud."""

import json
from typing import Any

import pytest
import requests

from cloud.contract import CloudBusy, CloudError, CloudGone, CloudLimit, CloudRefused
from cloud.openstack.errors import BadRequest, Conflict, NotSignedIn, body, error_of

NOVA_404 = {"itemNotFound": {"code": 404, "message": "Instance x could not be found."}}
NEUTRON_404 = {"NeutronError": {"type": "PortNotFound", "message": "Port x could not be found.", "detail": ""}}
PLACEMENT_404 = {"errors": [{"status": 404, "title": "Not Found", "detail": "x"}]}
KEYSTONE_404 = {"error": {"code": 404, "message": "Could not find project: x.", "title": "Not Found"}}
GLANCE_404 = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>No image found</body></html>"
QUOTA = {"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 2, but already used 1 of 2 cores"}}
OVER = {"overLimit": {"code": 413, "message": "Quota exceeded for instances"}}
POLICY = {"forbidden": {"code": 403, "message": "Policy does not allow it to be performed."}}


def answer(status: int, said: Any = "", url: str = "http://cloud/v2.1/servers/x", **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, url
    made._content = (said if isinstance(said, str) else json.dumps(said)).encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (302, "", CloudBusy),
        (400, {"badRequest": {"message": "Invalid imageRef"}}, BadRequest),
        (401, {"error": {"message": "no"}}, NotSignedIn),
        (403, POLICY, CloudRefused),
        (403, QUOTA, CloudLimit),
        (404, NOVA_404, CloudGone),
        (404, NEUTRON_404, CloudGone),
        (404, PLACEMENT_404, CloudGone),
        (404, KEYSTONE_404, CloudGone),
        (404, "<html>nginx</html>", CloudBusy),
        (404, {"message": "no Route matched"}, CloudBusy),
        (404, GLANCE_404, CloudBusy),
        (405, "", CloudRefused),
        (408, "", CloudBusy),
        (409, {"conflictingRequest": {"message": "not now"}}, Conflict),
        (413, OVER, CloudLimit),
        (413, {"overLimit": {"message": "slower"}}, CloudBusy),
        (429, {"overLimit": {"message": "slower"}}, CloudBusy),
        (500, {"computeFault": {"message": "oops"}}, CloudBusy),
        (502, "", CloudBusy),
        (503, "", CloudBusy),
        (504, "", CloudBusy),
    ],
)
def test_each_status_is_one_error(status: int, said: Any, error: type[CloudError]) -> None:
    assert type(error_of(answer(status, said))) is error


def test_glance_says_that_an_image_is_gone_in_a_page_of_its_own() -> None:
    assert isinstance(error_of(answer(404, GLANCE_404, url="http://cloud/v2/images/x")), CloudGone)


def test_the_error_carries_the_api_s_own_sentence() -> None:
    assert str(error_of(answer(404, NOVA_404))) == "404 Instance x could not be found."


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("17", 17.0), ("0", 0.0), ("-3", 0.0), ("86400", 300.0), ("Sat, 21 Nov 2026 10:00:40 GMT", 40.0), ("soon", None), ("", None)],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(said: str, seconds: float | None) -> None:
    error = error_of(answer(503, "", Retry_After=said, Date="Sat, 21 Nov 2026 10:00:00 GMT"))
    assert isinstance(error, CloudBusy)
    assert error.retry_after == seconds


@pytest.mark.parametrize("said", ["", '{"servers": [{"id"', "<html></html>", "[]"])
def test_a_good_answer_that_cannot_be_read_is_busy(said: str) -> None:
    with pytest.raises(CloudBusy):
        body(answer(200, said))
