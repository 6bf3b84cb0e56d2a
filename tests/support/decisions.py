"""A decision of every kind, with something in each of its fields."""

from tasks.ledger import Decision
from tasks.records import (
    Accepted,
    Address,
    AddressKind,
    Attempt,
    Candidate,
    Measures,
    Reason,
    Rejected,
    Verdict,
)
from words import Message

URL = "https://example.com/1.jpg"
CANDIDATE = Candidate((Address(URL),), 7, "naver", "사과", "https://example.com/")
MEASURES = Measures(400, 300, "0" * 16, {"sharpness": 123.456}, is_animated=True)
FAILED = Attempt(URL, AddressKind.ORIGINAL, "http_error", Message("note.status", {"status": 404}))
ACCEPTED = Accepted(
    CANDIDATE, (FAILED, Attempt(URL, AddressKind.VIEWER, "ok", bytes=9)), "PNG", "ab", MEASURES
)
NOTE = Message("note.sharpness_below", {"sharpness": 3.2, "least": 50})
REJECTED = Rejected(CANDIDATE, "blurred", NOTE, (FAILED,), "cd", MEASURES)
VERDICT = Verdict(
    None, cluster=0, score=0.912345, notes=(Message("note.status", {"status": 1}),), group=1,
    distance=0.25, neighbours=3, by_hand="kept", text_similarity=0.3,
)  # fmt: skip

DECISIONS = {
    "chosen": Decision.of(
        ACCEPTED, VERDICT, query="사과", file="img_0001.jpg", sha256="ef", embedding=0
    ),
    "noise": Decision.of(ACCEPTED, Verdict(Reason.NOISE), query="사과", embedding=1),
    "blurred": Decision.of(REJECTED, query="사과"),
}
