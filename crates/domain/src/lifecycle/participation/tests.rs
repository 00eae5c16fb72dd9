use serde_json::{Value, json};

use super::*;

fn between(before: Value, after: Value) -> (bool, bool, bool) {
    let participation = Participation::between(&before, &after);
    (participation.invited, participation.voted, participation.is_all())
}

#[test]
fn a_vote_is_seen_beside_the_bookkeeping_that_goes_with_it() {
    let before = json!({"__v": 1, "updatedAt": "a", "dates": [{"_id": "d1", "votes": {"yes": [], "no": []}, "updatedAt": "a"}],
        "invitees": [{"email": "x@example.com", "stats": {"voted": {"dates": 0}}}]});
    let after = json!({"__v": 2, "updatedAt": "b", "dates": [{"_id": "d1", "votes": {"yes": [{"user": "u"}], "no": []}, "updatedAt": "b"}],
        "invitees": [{"email": "x@example.com", "stats": {"voted": {"dates": 1}}}]});
    assert_eq!(between(before, after), (false, true, true));
}

#[test]
fn votes_on_places_and_votes_taken_back_count() {
    let with = json!({"places": [{"name": "Office", "votes": ["u"]}]});
    let without = json!({"places": [{"name": "Office"}]});
    assert_eq!(between(without.clone(), with.clone()), (false, true, true));
    assert_eq!(between(with, without), (false, true, true));
}

#[test]
fn no_votes_written_otherwise_is_no_vote() {
    let none = json!({"dates": [{"_id": 1}]});
    for empty in [json!(null), json!([]), json!({}), json!({"yes": [], "no": []}), json!({"yes": 0})] {
        assert_eq!(
            between(none.clone(), json!({"dates": [{"_id": 1, "votes": empty}]})),
            (false, false, false)
        );
    }
}

#[test]
fn a_new_date_that_brings_votes_along_is_a_proposal() {
    let before = json!({"dates": [{"date": "a", "votes": ["u"]}]});
    let after = json!({"dates": [{"date": "b", "votes": ["u"]}, {"date": "a", "votes": ["u"]}]});
    assert_eq!(between(before, after), (false, false, false));
}

#[test]
fn a_vote_and_a_new_title_are_two_things() {
    let before = json!({"title": "a", "dates": [{"date": "a"}]});
    let after = json!({"title": "b", "dates": [{"date": "a", "votes": ["u"]}]});
    assert_eq!(between(before, after), (false, true, false));
}

#[test]
fn an_invitee_is_new_when_nothing_about_them_is_known() {
    let before = json!({"invitees": [{"email": "Ann@example.com"}]});
    let cases = [
        (json!([{"email": "ann@example.com"}, {"email": "bob@example.com"}]), (true, false, false)),
        (json!([{"email": "Ann@example.com"}, {"email": "bob@example.com"}]), (true, false, true)),
        (json!([{"email": "bob@example.com"}, {"email": "Ann@example.com"}]), (true, false, true)),
        (json!([{"email": "Ann@example.com"}, {"full_name": "Guest"}]), (true, false, true)),
        (json!([{"_id": "1", "email": "ann@example.com"}]), (false, false, false)),
        (json!([{"email": "bob@example.com"}]), (true, false, false)),
        (json!([]), (false, false, false)),
        (json!("nobody"), (false, false, false)),
    ];
    for (invitees, expected) in cases {
        assert_eq!(between(before.clone(), json!({"invitees": invitees})), expected, "{invitees}");
    }
}

#[test]
fn an_invitation_with_a_removed_place_is_two_things() {
    let before = json!({"places": [{"name": "a"}, {"name": "b"}]});
    let after =
        json!({"places": [{"name": "a"}], "invitees": [{"email": "bob@example.com"}], "invitees_length": 1});
    assert_eq!(between(before, after), (true, false, false));
}
