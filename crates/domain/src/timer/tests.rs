use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::facts::Facts;

fn timer(anchor: &str, offset: &str, condition: Condition) -> Timer {
    Timer {
        number: TimerNumber::new(1),
        id: TimerId::from_uuid(Uuid::nil()),
        organization: OrganizationNumber::new(1),
        name: Arc::from("a timer"),
        action: "event.starting".parse().unwrap(),
        rule: Rule { anchor: anchor.parse().unwrap(), offset: offset.parse().unwrap(), condition },
        lateness: Lateness::default(),
        expires_after_seconds: None,
        created_at: Timestamp::EARLIEST,
        updated_at: Timestamp::EARLIEST,
    }
}

fn facts() -> Facts {
    Facts {
        version: 3,
        occurred_at: "2026-01-10T12:00:00Z".parse().unwrap(),
        created_at: Some("2026-01-09T18:00:00Z".parse().unwrap()),
        ever_confirmed: true,
        cancelled: false,
        removed: false,
        confirmed_time: None,
    }
}

fn confirmed(timezone: &str, date: &str, end: &str) -> Value {
    json!({"timezone": timezone, "confirmed": {"flag": true}, "dates": [{"date": date, "end_date": end}]})
}

fn due(anchor: &str, offset: &str, resource: &Value) -> Option<String> {
    timer(anchor, offset, Condition::Any).due(&facts(), resource).map(|instant| instant.to_string())
}

fn at(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn the_usual_timers() {
    let visit = confirmed("Europe/Paris", "2026-01-15T09:00:00Z", "2026-01-15T09:30:00Z");
    assert_eq!(due("start", "-15m", &visit), at("2026-01-15T08:45:00.000Z"));
    assert_eq!(due("end", "0s", &visit), at("2026-01-15T09:30:00.000Z"));
    assert_eq!(due("end", "24h", &visit), at("2026-01-16T09:30:00.000Z"));
    assert_eq!(due("changed", "48h", &visit), at("2026-01-12T12:00:00.000Z"));
    assert_eq!(due("created", "24h", &visit), at("2026-01-10T18:00:00.000Z"));
    let unknown = Facts { created_at: None, ..facts() };
    assert_eq!(timer("created", "24h", Condition::Any).due(&unknown, &visit), None);
    assert_eq!(due("/dates/0/end_date", "+1m", &visit), at("2026-01-15T09:31:00.000Z"));
    assert_eq!(due("/valid_until", "0s", &visit), None);
    assert_eq!(due("/timezone", "0s", &visit), None, "no time");
}

#[test]
fn a_day_is_a_day_of_the_calendar_and_24_hours_are_24_hours() {
    // The clocks go forward in the night before: from 09:00 to 09:00 are 23 hours.
    let spring = confirmed("Europe/Paris", "2026-03-29T09:00:00", "2026-03-29T10:00:00");
    assert_eq!(due("start", "0s", &spring), at("2026-03-29T07:00:00.000Z"));
    assert_eq!(due("start", "-1d", &spring), at("2026-03-28T08:00:00.000Z"));
    assert_eq!(due("start", "-24h", &spring), at("2026-03-28T07:00:00.000Z"));
    // And back: from 09:00 to 09:00 are 25 hours.
    let autumn = confirmed("Europe/Paris", "2026-10-25T09:00:00", "2026-10-25T10:00:00");
    assert_eq!(due("start", "-P1D", &autumn), at("2026-10-24T07:00:00.000Z"));
    assert_eq!(due("start", "-PT24H", &autumn), at("2026-10-24T08:00:00.000Z"));
    assert_eq!(due("start", "-1d 30m", &autumn), at("2026-10-24T06:30:00.000Z"));
    assert_eq!(due("start", "-15m", &autumn), at("2026-10-25T07:45:00.000Z"));
    // Across the very hour that is shown twice.
    let night = confirmed("Europe/Paris", "2026-10-25T03:00:00", "2026-10-25T04:00:00");
    assert_eq!(due("start", "-90m", &night), at("2026-10-25T00:30:00.000Z"));
    // A day before 02:30 on the day after the one that skips it.
    let after = confirmed("Europe/Paris", "2026-03-30T02:30:00", "2026-03-30T03:00:00");
    assert_eq!(due("start", "-1d", &after), at("2026-03-29T01:30:00.000Z"));
}

#[test]
fn only_confirmed_events_start_and_end() {
    let mut poll = confirmed("UTC", "2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z");
    poll["confirmed"] = json!({"flag": false});
    assert_eq!(due("start", "0s", &poll), None);
    assert_eq!(due("end", "0s", &poll), None);
    let reminder = timer("changed", "2d", Condition::Unconfirmed);
    assert!(reminder.due(&facts(), &poll).is_some());
    poll["confirmed"] = json!({"flag": true});
    assert_eq!(reminder.due(&facts(), &poll), None);

    let says_nothing = json!({"dates": [{"date": "2026-01-15T09:00:00Z"}]});
    assert!(due("start", "0s", &says_nothing).is_some(), "it was confirmed by the name of an action");
    let never = Facts { ever_confirmed: false, ..facts() };
    assert_eq!(timer("start", "0s", Condition::Any).due(&never, &says_nothing), None);
}

#[test]
fn a_cancelled_or_removed_resource_has_no_firing() {
    let visit = confirmed("UTC", "2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z");
    for anchor in ["start", "end", "changed", "/dates/0/date"] {
        let timer = timer(anchor, "1h", Condition::Any);
        assert!(timer.due(&facts(), &visit).is_some(), "{anchor}");
        assert_eq!(timer.due(&Facts { cancelled: true, ..facts() }, &visit), None, "{anchor}");
        assert_eq!(timer.due(&Facts { removed: true, ..facts() }, &visit), None, "{anchor}");
    }
}

#[test]
fn lateness_is_judged_at_its_bound() {
    let now: Timestamp = "2026-01-15T09:00:00Z".parse().unwrap();
    let due = |seconds: u64| now.before(std::time::Duration::from_secs(seconds));
    let fires = Lateness { policy: LatePolicy::Fire, late_after_seconds: 60 };
    let skips = Lateness { policy: LatePolicy::Skip, late_after_seconds: 60 };
    assert_eq!(fires.judge(due(59), now), Verdict::Fire(None));
    assert_eq!(fires.judge(due(60), now), Verdict::Fire(Some(60)));
    assert_eq!(skips.judge(due(59), now), Verdict::Fire(None));
    assert_eq!(skips.judge(due(7_200), now), Verdict::Skip(7_200));
    assert_eq!(skips.judge(now.after(std::time::Duration::from_secs(9)), now), Verdict::Fire(None));
}

#[test]
fn offsets_read_in_every_form() {
    for (text, canonical) in [
        ("-15m", "-PT15M"),
        ("-PT15M", "-PT15M"),
        ("15 minutes ago", "-PT15M"),
        ("24h", "PT24H"),
        ("+90s", "PT1M30S"),
        ("1d", "P1D"),
        ("-1w", "-P7D"),
        ("-1d 2h", "-P1DT2H"),
        ("0s", "PT0S"),
    ] {
        let offset: Offset = text.parse().unwrap();
        assert_eq!(offset.to_string(), canonical, "{text}");
    }
    for text in ["", "soon", "15", "1mo", "P1Y", "1.5s", "10ms", "-", "+-1m", &"1".repeat(70)] {
        assert!(matches!(text.parse::<Offset>(), Err(OffsetError::Malformed(_))), "{text}");
    }
    for text in ["367d", "-9000h", "99999999999999s"] {
        assert!(text.parse::<Offset>().is_err(), "{text}");
    }
    assert_eq!(Offset::from_seconds(-900).unwrap(), "-15m".parse().unwrap());
    assert_eq!(Offset::from_seconds(i64::MIN), Err(OffsetError::TooLong));
}

#[test]
fn anchors_read_back_and_foreign_ones_are_refused() {
    for text in ["start", "end", "changed", "/valid_until", "/"] {
        assert_eq!(text.parse::<Anchor>().unwrap().as_str(), text);
    }
    for text in ["", "middle", "valid_until", &format!("/{}", "x".repeat(255))] {
        assert!(text.parse::<Anchor>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn an_offset_reads_back(seconds in -31_622_400_i64..=31_622_400, days in 0_i64..=1) {
        let offset = Offset::from_seconds(seconds).unwrap();
        prop_assert_eq!(offset.to_string().parse::<Offset>().unwrap(), offset);
        let with_days: Result<Offset, _> = format!("P{days}DT{}S", seconds.unsigned_abs() % 86_400).parse();
        let with_days = with_days.unwrap();
        prop_assert_eq!(with_days.to_string().parse::<Offset>().unwrap(), with_days);
    }

    /// By the clock, so many seconds before are so many seconds before, wherever and whenever.
    #[test]
    fn seconds_are_exact_across_every_switch(
        start in 1_600_000_000_i64..2_000_000_000,
        seconds in -400_000_i64..400_000,
        zone in prop::sample::select(vec!["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    ) {
        let start = Timestamp::from_milliseconds(start * 1_000);
        let event = confirmed(zone, &start.to_string(), "");
        let mut timer = timer("start", "0s", Condition::Any);
        timer.rule.offset = Offset::from_seconds(seconds).unwrap();
        let due = timer.due(&facts(), &event).unwrap();
        prop_assert_eq!(due.milliseconds(), start.milliseconds() + seconds * 1_000);
    }

    /// By the calendar, a day before shows the same time of the clock, unless the clocks skip it or show it twice.
    #[test]
    fn days_keep_the_time_of_the_clock(
        start in 1_600_000_000_i64..2_000_000_000,
        days in -40_i64..40,
        zone in prop::sample::select(vec!["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    ) {
        let start = Timestamp::from_milliseconds(start * 1_000);
        let event = confirmed(zone, &start.to_string(), "");
        let sign = if days < 0 { "-" } else { "" };
        let due = timer("start", &format!("{sign}P{}D", days.abs()), Condition::Any).due(&facts(), &event).unwrap();
        let clock = |instant: Timestamp| {
            let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
            jiff::Timestamp::from_millisecond(instant.milliseconds()).unwrap().to_zoned(zone).datetime()
        };
        let apart = clock(start).duration_until(clock(due)).as_secs() - days * 86_400;
        prop_assert!(apart.abs() <= 3_600, "{} and {}", clock(start), clock(due));
        let away_from_switches = clock(start).hour() > 4;
        prop_assert!(!away_from_switches || apart == 0, "{} and {}", clock(start), clock(due));
    }
}
