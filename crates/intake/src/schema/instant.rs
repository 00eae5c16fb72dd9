//! The format `date-time`: a date and a time with an offset, as RFC 3339, section 5.6, writes them.

/// Whether this text is one: `2026-01-15T09:30:00Z`, with a fraction of a second and another offset if need be.
pub(super) fn is_date_time(text: &str) -> bool {
    read(text.as_bytes()).is_some()
}

fn read(text: &[u8]) -> Option<()> {
    let (year, text) = number(text, 4)?;
    let (month, text) = number(one_of(text, b"-")?, 2)?;
    let (day, text) = number(one_of(text, b"-")?, 2)?;
    let (hour, text) = number(one_of(text, b"Tt")?, 2)?;
    let (minute, text) = number(one_of(text, b":")?, 2)?;
    let (second, text) = number(one_of(text, b":")?, 2)?;
    let text = after_fraction(text)?;
    let offset = offset(text)?;
    let fits = (1..=days(year, month)?).contains(&day) && hour <= 23 && minute <= 59;
    // Seconds are added to the year at the end of a day in UTC only (RFC 3339, section 5.7).
    let ends_a_day = (i32::from(hour) * 60 + i32::from(minute) - offset).rem_euclid(24 * 60) == 24 * 60 - 1;
    (fits && (second <= 59 || (second == 60 && ends_a_day))).then_some(())
}

/// So many digits, and what follows.
fn number(text: &[u8], digits: usize) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = digits.iter().try_fold(0, |value: u16, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u16::from(digit.wrapping_sub(b'0')))
    })?;
    Some((value, rest))
}

/// What follows one of these characters.
fn one_of<'a>(text: &'a [u8], allowed: &[u8]) -> Option<&'a [u8]> {
    text.split_first().filter(|(first, _)| allowed.contains(first)).map(|(_, rest)| rest)
}

/// What follows a point and one or more digits, if they are there.
fn after_fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = one_of(text, b".") else { return Some(text) };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    fraction.get(digits..).filter(|_| digits > 0)
}

/// The offset from UTC in minutes; nothing may follow it.
fn offset(text: &[u8]) -> Option<i32> {
    if matches!(text, b"Z" | b"z") {
        return Some(0);
    }
    let (hours, rest) = number(one_of(text, b"+-")?, 2)?;
    let (minutes, rest) = number(one_of(rest, b":")?, 2)?;
    let fits = hours <= 23 && minutes <= 59 && rest.is_empty();
    let amount = i32::from(hours) * 60 + i32::from(minutes);
    fits.then_some(if text.starts_with(b"-") { -amount } else { amount })
}

/// How many days a month has.
const fn days(year: u16, month: u16) -> Option<u16> {
    let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap_year => Some(29),
        2 => Some(28),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_date_time;

    #[test]
    fn takes_what_rfc_3339_writes() {
        // The examples of RFC 3339, section 5.8, and the borders.
        for text in [
            "1985-04-12T23:20:50.52Z",
            "1996-12-19T16:39:57-08:00",
            "1990-12-31T23:59:60Z",
            "1990-12-31T15:59:60-08:00",
            "1937-01-01T12:00:27.87+00:20",
            "2026-01-15t09:30:00z",
            "2024-02-29T00:00:00Z",
            "2000-02-29T00:00:00.000000000001Z",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert!(is_date_time(text), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "2026-01-15",
            "2026-01-15T09:30Z",
            "2026-01-15T09:30:00",
            "2026-01-15 09:30:00Z",
            "2026-01-15T09:30:00.Z",
            "2026-01-15T09:30:00Z ",
            "2026-01-15T09:30:00+0100",
            "2026-01-15T09:30:00+01",
            "2026-01-15T09:30:00+24:00",
            "2026-01-15T24:00:00Z",
            "2026-01-15T09:60:00Z",
            "2026-01-15T09:30:60Z",
            "1990-12-31T23:59:61Z",
            "1990-12-31T23:59:60-08:00",
            "2026-13-15T09:30:00Z",
            "2026-00-15T09:30:00Z",
            "2026-04-31T09:30:00Z",
            "2026-02-29T09:30:00Z",
            "1900-02-29T09:30:00Z",
            "2026-01-00T09:30:00Z",
            "+2026-01-15T09:30:00Z",
            "２026-01-15T09:30:00Z",
            "next tuesday",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
    }
}
