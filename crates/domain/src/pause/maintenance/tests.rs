use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn weekly(days: &[Weekday], from: &str, until: &str, zone: &str) -> MaintenanceWindow {
    let zone = zone.parse().unwrap();
    MaintenanceWindow::weekly(days.to_vec(), from.parse().unwrap(), until.parse().unwrap(), zone).unwrap()
}

/// The changes of a window that follow an instant.
fn changes(window: &MaintenanceWindow, mut now: Timestamp, count: usize) -> Vec<(String, bool)> {
    let mut changes = Vec::new();
    for _ in 0..count {
        now = window.next_change(now).unwrap();
        changes.push((now.to_string(), window.is_open_at(now)));
    }
    changes
}

fn expected(changes: &[(&str, bool)]) -> Vec<(String, bool)> {
    changes.iter().map(|(at, open)| ((*at).to_owned(), *open)).collect()
}

#[test]
fn a_single_window_opens_and_closes_once() {
    let window = MaintenanceWindow::once(at("2026-03-01T10:00:00Z"), at("2026-03-01T12:00:00Z")).unwrap();
    let all = expected(&[("2026-03-01T10:00:00.000Z", true), ("2026-03-01T12:00:00.000Z", false)]);
    assert_eq!(changes(&window, at("2026-01-01T00:00:00Z"), 2), all);
    assert_eq!(window.next_change(at("2026-03-01T12:00:00Z")), None);
}

#[test]
fn a_weekly_window_keeps_the_clock_of_its_zone() {
    // Paris sets its clocks forward at 02:00 on 29 March 2026 and back at 03:00 on 25 October.
    let window = weekly(&[Weekday::Sun], "04:00", "05:00", "Europe/Paris");
    let spring = expected(&[
        ("2026-03-22T03:00:00.000Z", true),
        ("2026-03-22T04:00:00.000Z", false),
        ("2026-03-29T02:00:00.000Z", true),
        ("2026-03-29T03:00:00.000Z", false),
    ]);
    assert_eq!(changes(&window, at("2026-03-20T00:00:00Z"), 4), spring);
}

#[test]
fn a_window_in_the_night_of_the_change_is_neither_lost_nor_doubled() {
    let window = weekly(&[Weekday::Sun], "02:00", "04:00", "Europe/Paris");
    // There is no 02:00: it opens at 03:00, which is the same instant, and lasts an hour.
    let spring = expected(&[("2026-03-29T01:00:00.000Z", true), ("2026-03-29T02:00:00.000Z", false)]);
    assert_eq!(changes(&window, at("2026-03-28T12:00:00Z"), 2), spring);
    // There are two 02:00: it opens at the first, and lasts three hours.
    let autumn = expected(&[("2026-10-25T00:00:00.000Z", true), ("2026-10-25T03:00:00.000Z", false)]);
    assert_eq!(changes(&window, at("2026-10-24T12:00:00Z"), 2), autumn);
    // Wholly in the hour that is skipped: it is that much later.
    let skipped = weekly(&[Weekday::Sun], "02:15", "02:45", "Europe/Paris");
    let later = expected(&[("2026-03-29T01:15:00.000Z", true), ("2026-03-29T01:45:00.000Z", false)]);
    assert_eq!(changes(&skipped, at("2026-03-28T12:00:00Z"), 2), later);
}

#[test]
fn a_window_may_go_past_midnight() {
    let window = weekly(&[Weekday::Fri, Weekday::Sat], "22:00", "06:00", "America/New_York");
    let nights = expected(&[
        ("2026-01-17T03:00:00.000Z", true),
        ("2026-01-17T11:00:00.000Z", false),
        ("2026-01-18T03:00:00.000Z", true),
        ("2026-01-18T11:00:00.000Z", false),
        ("2026-01-24T03:00:00.000Z", true),
    ]);
    assert_eq!(changes(&window, at("2026-01-15T12:00:00Z"), 5), nights);
    assert!(window.is_open_at(at("2026-01-17T10:59:59.999Z")));
}

#[test]
fn wrong_windows_are_refused() {
    let (early, late) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
    assert_eq!(MaintenanceWindow::once(late, early), Err(MaintenanceWindowError::Backwards));
    assert_eq!(MaintenanceWindow::once(early, early), Err(MaintenanceWindowError::Backwards));
    assert_eq!(MaintenanceWindow::once(early, late), Err(MaintenanceWindowError::TooLong));
    let time: TimeOfDay = "02:00".parse().unwrap();
    let zone: ZoneName = "UTC".parse().unwrap();
    let none = MaintenanceWindow::weekly(vec![], time, time, zone.clone());
    assert_eq!(none, Err(MaintenanceWindowError::NoDay));
    let empty = MaintenanceWindow::weekly(vec![Weekday::Mon], time, time, zone);
    assert_eq!(empty, Err(MaintenanceWindowError::Empty));
    for text in ["24:00", "2:00", "02:60", "0200", "02:00:00", "", "+2:00", "-1:00"] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    for text in ["Mars/Olympus", "", "+02:00", "../etc/passwd"] {
        assert!(text.parse::<ZoneName>().is_err(), "{text}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for window in [
        MaintenanceWindow::once(at("2026-03-01T10:00:00Z"), at("2026-03-01T12:00:00Z")).unwrap(),
        weekly(&[Weekday::Sun, Weekday::Mon], "23:30", "01:00", "Asia/Tokyo"),
    ] {
        let text = serde_json::to_string(&window).unwrap();
        assert_eq!(serde_json::from_str::<MaintenanceWindow>(&text).unwrap(), window, "{text}");
    }
}
