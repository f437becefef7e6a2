"""Two phones turn out to be one human's: his gifts, hours, shares and messages are one, and nothing counts twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert, select

from backend.core.audit import AuditEntry
from backend.core.db import db
from backend.core.idempotency import KeptAnswer
from backend.messages.service import tell
from backend.people.accounts import WECHAT_MINI, Identity, mini_openids, openid_of, person_of
from backend.people.checks import check_people
from backend.people.humans import heads_of, is_same_human
from backend.people.joining import join
from backend.people.models import JoinedPerson
from backend.people.sealed import SealBroken, seal, unseal
from backend.people.service import make_person
from tests.world.entering import Entering, Handset, codes_of, entering
from tests.world.giving import OURS
from tests.world.weixin import MINI, OFFICIAL

__all__ = ["entering"]
SECRET = "a secret of the tests' own village"


def together(*acts: Callable[[], object]) -> None:
    """Do all of them at one moment."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def two_persons_of_one_man(house: Entering) -> tuple[Handset, Handset]:
    """A man known by WeChat on one phone and a guest on another, before he logs in there."""
    old, new = house.handset(), house.handset()
    old.logs_in_mini("阿芳")
    house.later(minutes=1)
    return old, new


def test_what_a_guest_gave_is_among_the_gifts_of_his_account_on_every_phone(entering: Entering) -> None:
    old, new = two_persons_of_one_man(entering)
    project = entering.opens_project("屋顶")
    first, second = old.order(project, 10_00), new.order(project, 20_00)
    assert (new.logs_in_mini("阿芳").json or {})["joined"] is True
    for phone in (old, new):
        assert codes_of(phone.browser, "/me/gifts") == [second["code"], first["code"]]
        assert phone.sees(first)["amount_fen"] == 10_00
        assert phone.sees(second)["amount_fen"] == 20_00
    assert entering.out_of_joint() == []


def test_a_gift_made_as_a_guest_can_be_shown_otherwise_after_the_login(entering: Entering) -> None:
    _, new = two_persons_of_one_man(entering)
    gift = new.order(entering.opens_project("屋顶"), 10_00)
    new.logs_in_mini("阿芳")
    change = {"display": "anonymous", "message": "一点心意"}
    answer = new.browser.patch(f"/api/v1/gifts/{gift['code']}", json=change, headers=OURS)
    assert (answer.status_code, (answer.json or {})["message"]) == (200, "一点心意")


def test_a_stranger_still_sees_nothing_of_either(entering: Entering) -> None:
    _, new = two_persons_of_one_man(entering)
    gift = new.order(entering.opens_project("屋顶"), 10_00)
    new.logs_in_mini("阿芳")
    stranger = entering.handset()
    stranger.logs_in_mini("老王")
    assert stranger.browser.get(f"/api/v1/gifts/{gift['code']}").status_code == 404


def test_a_request_repeated_after_the_login_still_counts_once(entering: Entering) -> None:
    _, new = two_persons_of_one_man(entering)
    project = entering.opens_project("屋顶")
    first = new.orders(project, 10_00, key="the-same-key").json or {}
    new.logs_in_mini("阿芳")
    assert (new.orders(project, 10_00, key="the-same-key").json or {})["code"] == first["code"]
    assert len(codes_of(new.browser, "/me/gifts")) == 1
    scopes = entering.asks(lambda: db.session.scalars(select(KeptAnswer.scope)).all())
    assert scopes == [f"person:{new.code()}"]


def test_links_of_both_are_his_and_he_shares_on_by_the_first(entering: Entering) -> None:
    old, new = two_persons_of_one_man(entering)
    project = entering.opens_project("屋顶")
    mine = old.shares("project", project)
    entering.later(minutes=1)
    theirs = new.shares("project", project)
    new.logs_in_mini("阿芳")
    assert len(new.asks("/me/shares")["items"]) == 2
    assert new.shares("project", project)["code"] == mine["code"] != theirs["code"]


def test_messages_to_either_reach_him_on_both(entering: Entering) -> None:
    old, new = two_persons_of_one_man(entering)
    told = {"kind": "test", "title": "到账", "text": "已到账。"}
    for key, phone in (("1", old), ("2", new)):
        person = entering.person_id(phone)
        entering.writes(lambda k=key, p=person: tell(person_id=p, key=k, now=entering.clock, **told))  # type: ignore[misc]  # bound
    new.logs_in_mini("阿芳")
    inbox = old.asks("/me/messages")
    assert (len(inbox["items"]), inbox["unread"], new.me()["unread"]) == (2, 2, 2)
    newest = inbox["items"][0]["code"]
    assert old.posts("/me/messages/read", {"up_to": newest}).json == {"unread": 0}


def test_a_logged_in_phone_that_logs_in_by_another_account_changes_person(entering: Entering) -> None:
    grandmother, grandson = entering.handset(), entering.handset()
    grandmother.logs_in_mini("奶奶")
    grandson.logs_in_by_phone()
    her, his = grandmother.code(), grandson.code()
    entering.later(minutes=2)
    assert (grandmother.logs_in_by_phone().json or {})["joined"] is False
    assert grandmother.code() == his
    assert grandmother.logs_in_mini("奶奶").status_code == 200
    assert grandmother.code() == her


def test_who_adds_an_account_of_another_person_makes_both_one_and_the_older_stays(entering: Entering) -> None:
    first, second = entering.handset(), entering.handset()
    first.logs_in_mini("阿芳")
    entering.later(minutes=1)
    second.logs_in_by_phone()
    older = first.code()
    entering.later(minutes=1)
    assert (second.logs_in_mini("阿芳", adds=True).json or {})["joined"] is True
    assert second.code() == older
    assert {account["kind"] for account in first.me()["accounts"]} == {"wechat_mini", "phone"}
    entry = entering.asks(
        lambda: db.session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "people.join")).all()
    )
    assert entry == [older]


def told_of(phone: Handset) -> list[tuple[str, str]]:
    """What a phone's inbox tells of accounts, the newest first."""
    return [(one["title"], one["link"]) for one in phone.asks("/me/messages")["items"] if "账号" in one["text"]]


def test_who_adds_a_way_in_or_joins_two_accounts_is_told_so_on_both_phones_and_once(entering: Entering) -> None:
    first, second = entering.handset(), entering.handset()
    first.logs_in_mini("阿芳")
    second.logs_in_by_phone()
    assert (told_of(first), told_of(second)) == ([], []), "who has one way in knows it"
    assert second.adds_h5("老王").headers["Location"] == "/me"
    added = ("增加了一种登录方式", "/me")
    assert told_of(second) == [added]
    second.takes_off(second.me()["accounts"][-1]["code"])
    second.adds_h5("老王")
    assert told_of(second) == [added, added], "taken off and added again is added again"
    entering.later(minutes=1)
    second.logs_in_mini("阿芳", adds=True)
    second.logs_in_mini("阿芳", adds=True)
    joined = ("两个账号合在一起了", "/me")
    assert told_of(first) == told_of(second) == [joined, added, added]
    assert entering.out_of_joint() == []


def test_a_link_that_somebody_opens_on_another_s_phone_joins_nobody(entering: Entering) -> None:
    shared = entering.handset()
    shared.logs_in_by_phone()
    owner = shared.code()
    assert shared.logs_in_h5("老王", more="&adds=1").status_code == 302
    assert shared.code() != owner, "it logged in, and added nothing"
    entries = select(AuditEntry.subject).where(AuditEntry.action == "people.join")
    assert entering.asks(lambda: db.session.scalars(entries).all()) == []
    foreign = shared.browser.post("/api/v1/login/wechat-official", json={"next": "/me"})
    assert (foreign.status_code, (foreign.json or {})["code"]) == (403, "CROSS_SITE")
    elsewhere = shared.posts("/login/wechat-official", {"next": "//elsewhere.example/"})
    assert (elsewhere.status_code, (elsewhere.json or {})["code"]) == (422, "NEXT_REFUSED")


def test_one_human_in_two_apps_is_known_by_his_unionid(entering: Entering) -> None:
    in_mini, in_h5 = entering.handset(), entering.handset(guest=False)
    in_mini.logs_in_mini("阿芳", unionid="union-1")
    in_h5.logs_in_h5("阿芳h5", unionid="union-1")
    assert in_h5.code() == in_mini.code()
    person, key = entering.person_id(in_mini), entering.settings.secret_key
    asked = [(MINI, "openid-阿芳"), (OFFICIAL, "openid-阿芳h5"), ("wx-unknown", None)]
    for app_id, openid in asked:
        assert entering.asks(lambda a=app_id: openid_of(person_id=person, app_id=a)) == openid  # type: ignore[misc]  # bound
    with_mini = mini_openids(entering.settings)
    assert entering.asks(lambda: with_mini(person)) == "openid-阿芳"
    known = Identity(kind=WECHAT_MINI, app_id=MINI, subject="openid-阿芳")
    assert entering.asks(lambda: person_of(known, secret_key=key)) == person
    assert (
        entering.asks(lambda: person_of(Identity(kind=WECHAT_MINI, app_id=MINI, subject="x"), secret_key=key)) is None
    )


def test_a_unionid_told_only_later_joins_what_was_two(entering: Entering) -> None:
    in_mini, in_h5 = entering.handset(guest=False), entering.handset(guest=False)
    in_mini.logs_in_mini("阿芳")
    entering.later(minutes=1)
    in_h5.logs_in_h5("阿芳h5", unionid="union-1")
    assert in_h5.code() != in_mini.code()
    in_mini.logs_in_mini("阿芳", unionid="union-1")
    assert in_h5.code() == in_mini.code()


def test_two_phones_with_one_new_account_at_one_moment_become_one_human(entering: Entering) -> None:
    phones = [entering.handset() for _ in range(6)]
    gifts = [phone.order(entering.fund, 1_00 + n)["code"] for n, phone in enumerate(phones)]
    together(*(lambda p=phone: p.logs_in_mini("阿芳") for phone in phones))
    assert len({phone.code() for phone in phones}) == 1
    assert sorted(codes_of(phones[0].browser, "/me/gifts")) == sorted(gifts)
    assert len(phones[0].me()["accounts"]) == 1


def test_the_two_joined_to_each_other_at_one_moment_are_one_and_once(entering: Entering) -> None:
    for _ in range(5):
        one, other = (entering.writes(lambda: make_person(now=entering.clock)).id for _ in range(2))

        def joins(first: int, second: int) -> None:
            entering.writes(lambda: join(first, second, now=entering.clock))

        together(*(lambda a=a, b=b: joins(a, b) for a, b in [(one, other), (other, one)] * 3))
        assert entering.asks(lambda a=one, b=other: is_same_human(a, b))  # type: ignore[misc]  # bound
        assert entering.asks(lambda a=other: heads_of([a])) == {other: one}  # type: ignore[misc]  # bound


def test_a_chain_of_joins_at_one_moment_ends_in_one_human(entering: Entering) -> None:
    people = [entering.writes(lambda: make_person(now=entering.clock)).id for _ in range(5)]
    pairs = list(pairwise(people))
    together(*(lambda a=a, b=b: entering.writes(lambda: join(a, b, now=entering.clock)) for a, b in pairs))
    heads = entering.asks(lambda: heads_of(people))
    assert len(set(heads.values())) == 1
    assert entering.asks(check_people) == []


def test_verify_names_a_person_who_stands_behind_one_who_is_joined_himself(entering: Entering) -> None:
    one, two, three = (entering.writes(lambda: make_person(now=entering.clock)).id for _ in range(3))
    for person, head in ((two, one), (three, two)):
        row = {"person_id": person, "head_id": head, "joined_at": entering.clock}
        entering.writes(lambda row=row: db.session.execute(insert(JoinedPerson).values(row)))  # type: ignore[misc]  # bound
    (finding,) = entering.asks(check_people)
    assert f"人员 {three} " in finding


def test_a_gift_ordered_while_he_logs_in_is_not_lost(entering: Entering) -> None:
    old, new = two_persons_of_one_man(entering)
    twin = Handset(entering.app.test_client(), entering)
    twin.browser.set_cookie("session", new.token())
    answers: list[Any] = []
    together(lambda: answers.append(twin.orders(entering.fund, 5_00)), lambda: new.logs_in_mini("阿芳"))
    ordered = [answer.json["code"] for answer in answers if answer.status_code == 201]
    assert codes_of(old.browser, "/me/gifts") == ordered


def test_a_sealed_value_opens_in_its_own_place_and_house_alone() -> None:
    sealed = seal("13812345678", place="login_accounts:subject:1", secret_key=SECRET)
    assert unseal(sealed, place="login_accounts:subject:1", secret_key=SECRET) == "13812345678"
    wrong = [("login_accounts:subject:2", SECRET, sealed), ("login_accounts:subject:1", "another", sealed)]
    wrong += [("login_accounts:subject:1", SECRET, "9" + sealed[1:])]
    for place, key, value in wrong:
        with pytest.raises(SealBroken):
            unseal(value, place=place, secret_key=key)
    assert seal("13812345678", place="p", secret_key=SECRET) != seal("13812345678", place="p", secret_key=SECRET)
