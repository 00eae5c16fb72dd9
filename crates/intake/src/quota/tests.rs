use super::*;

#[test]
fn the_wait_follows_from_how_fast_deliveries_were_made_since_the_first_refusal() {
    let at = |seconds: u64| Timestamp::EARLIEST.after(Duration::from_secs(seconds));
    let first = Refused { at: at(100), waiting: 5_000 };
    let wait = |waiting, seconds| wait(first, waiting, 1_000, at(seconds));
    assert_eq!(wait(5_000, 100), FIRST_WAIT, "nothing is known yet");
    assert_eq!(wait(4_000, 110), 31, "a hundred a second, and 3,001 too many");
    assert_eq!(wait(3_000, 102), 3, "a thousand a second, and 2,001 too many");
    assert_eq!(wait(1_000, 130), SHORTEST_WAIT);
    assert_eq!(wait(4_999, 110), LONGEST_WAIT, "one in ten seconds");
    assert_eq!(wait(5_000, 110), LONGEST_WAIT, "none at all");
    assert_eq!(wait(6_000, 110), LONGEST_WAIT, "more than before");
}
