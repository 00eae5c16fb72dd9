//! Yearly changes of the clocks: the part of the recurrence rules that time zones use.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;

use crate::icalendar::flaw::Flaw;
use crate::icalendar::moment::date_time;

/// `FREQ=YEARLY` on a day of a month, from a first time and possibly until a last one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    month: i8,
    day: Day,
    time: Time,
    first: DateTime,
    last: Option<DateTime>,
}

#[derive(Debug, PartialEq, Eq)]
enum Day {
    /// The day of the month.
    Of(i8),
    /// `BYDAY=-1SU`: the n-th weekday of the month, counted from its end if below zero.
    Nth(i8, Weekday),
    /// `BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14`: the weekday among these days.
    Among(Weekday, Vec<i8>),
}

impl Yearly {
    /// Reads the rule of an observance that first comes into force at `start`, from the offset `before`.
    pub(super) fn parse(text: &str, start: DateTime, before: Offset) -> Result<Self, Flaw> {
        Self::of(text, start, before).ok_or_else(|| Flaw::UnsupportedRule(text.to_owned()))
    }

    fn of(text: &str, start: DateTime, before: Offset) -> Option<Self> {
        let mut is_yearly = false;
        let mut month = None;
        let mut weekday = None;
        let mut month_days = Vec::new();
        let mut last = None;
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" => is_yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" if value == "1" => {}
                "WKST" => {}
                "BYMONTH" => month = Some(value.parse().ok().filter(|month| (1..=12).contains(month))?),
                "BYDAY" => weekday = Some(parse_weekday(value)?),
                "BYMONTHDAY" => month_days = parse_month_days(value)?,
                "UNTIL" => last = Some(parse_until(value, before)?),
                _ => return None,
            }
        }
        let day = match (weekday, month_days.as_slice()) {
            (Some((Some(nth), weekday)), []) => Day::Nth(nth, weekday),
            (Some((None, weekday)), [_, ..]) => Day::Among(weekday, month_days),
            (None, [day]) => Day::Of(*day),
            (None, []) => Day::Of(start.day()),
            _ => return None,
        };
        // Without a month the n-th weekday would be that of the year.
        let month = match month {
            None if matches!(day, Day::Of(_)) => start.month(),
            month => month?,
        };
        is_yearly.then_some(Self { month, day, time: start.time(), first: start, last })
    }

    /// The latest of the times that is not after `local`.
    pub(super) fn latest_onset(&self, local: DateTime) -> Option<DateTime> {
        let latest = self.last.map_or(local, |last| last.min(local));
        let years = [latest.year(), latest.year() - 1];
        let onsets = years.into_iter().filter_map(|year| self.onset_in(year));
        onsets.filter(|onset| (self.first..=latest).contains(onset)).max()
    }

    fn onset_in(&self, year: i16) -> Option<DateTime> {
        let first_of_month = Date::new(year, self.month, 1).ok()?;
        let date_on = |day: i8| Date::new(year, self.month, day).ok();
        let date = match &self.day {
            Day::Of(day) => date_on(*day)?,
            Day::Nth(nth, weekday) => first_of_month.nth_weekday_of_month(*nth, *weekday).ok()?,
            Day::Among(weekday, days) => {
                let dates = days.iter().filter_map(|day| date_on(*day));
                dates.filter(|date| date.weekday() == *weekday).min()?
            }
        };
        Some(date.to_datetime(self.time))
    }
}

fn parse_weekday(text: &str) -> Option<(Option<i8>, Weekday)> {
    let (nth, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    if nth.is_empty() {
        return Some((None, weekday));
    }
    let nth: i8 = nth.parse().ok()?;
    (nth != 0 && (-5..=5).contains(&nth)).then_some((Some(nth), weekday))
}

fn parse_month_days(text: &str) -> Option<Vec<i8>> {
    let day = |day: &str| day.parse().ok().filter(|day| (1..=31).contains(day));
    text.split(',').take(31).map(day).collect()
}

/// `UNTIL` is in UTC here; the times of the rule are local, by the offset before the change.
fn parse_until(text: &str, before: Offset) -> Option<DateTime> {
    match text.strip_suffix('Z') {
        Some(utc) => Some(before.to_datetime(Offset::UTC.to_timestamp(date_time(utc)?).ok()?)),
        None => date_time(text).or_else(|| Some(text.parse::<Date>().ok()?.to_datetime(Time::MAX))),
    }
}
