//! What can be wrong with a calendar file, in the words its owner reads.

use super::Limits;

/// Why a line or a component could not be read as it stands.
#[derive(Debug, thiserror::Error)]
pub(super) enum Flaw {
    #[error(
        "the file has {bytes} bytes and the limit is {limit}; export fewer events or a shorter span of time"
    )]
    FileTooLarge { bytes: usize, limit: usize },
    #[error("the file is UTF-16 text; save it as UTF-8")]
    Utf16,
    #[error("there is no BEGIN:VCALENDAR in the file; export it from the calendar as iCalendar (.ics)")]
    NoCalendar,
    #[error("there are more than {} events in the file; split it", .0.events)]
    TooManyEvents(Limits),
    #[error("there are {0} further problems, which are not listed")]
    FurtherProblems(usize),

    #[error("the line is not UTF-8 text; save the calendar as UTF-8")]
    NotUtf8,
    #[error("there is no colon after the property name; a line that goes on must begin with a space")]
    NoColon,
    #[error("the line does not begin with a property name")]
    NoName,
    #[error("the parameters of {0} are not well-formed; a quotation mark or an equals sign is missing")]
    Parameters(&'static str),
    #[error("the line belongs to no component")]
    OutsideCalendar,

    #[error("BEGIN:VCALENDAR is missing before this line")]
    NoBegin,
    #[error("END:{0} is missing")]
    NoEnd(String),
    #[error("END:{0} has no BEGIN:{0} before it")]
    StrayEnd(String),
    #[error("components are nested more than {} deep", .0.depth)]
    TooDeep(Limits),
    #[error("the component has more than {} properties", .0.properties)]
    TooManyProperties(Limits),

    #[error("VERSION:1.0 is vCalendar, an older format; export the calendar as iCalendar 2.0")]
    OldVersion,
    #[error("METHOD:{0} is an answer or a proposal, which does not give the state of an event")]
    NotAState(String),

    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{name} on line {line} cannot be read")]
    Unreadable { name: &'static str, line: usize },
    #[error("{0} is given again; the first one holds")]
    Repeated(&'static str),
    #[error("UID is empty")]
    EmptyUid,
    #[error("UID contains control characters")]
    ControlCharacters,
    #[error("UID makes an id of {0} characters; a resource id has at most 255")]
    UidTooLong(usize),
    #[error("the event is given again on line {0}, in a revision that is not older")]
    Superseded(usize),

    #[error("\"{0}\" is neither a date (20260131) nor a date with time (20260131T090000, with Z for UTC)")]
    NotADate(String),
    #[error("\"{0}\" is not a duration in days, hours, minutes and seconds or in weeks (P1D, PT1H30M, P2W)")]
    NotADuration(String),
    #[error("\"{0}\" is outside of the years 0000 to 9999")]
    OutOfRange(String),
    #[error("the time zone \"{0}\" is neither a known name nor described by a VTIMEZONE in its calendar")]
    UnknownZone(String),
    #[error("the event ends before it begins")]
    EndBeforeStart,
    #[error("one of DTSTART and DTEND is a date, the other has a time")]
    MixedDates,
    #[error("an event on whole days has a duration that is not in whole days")]
    PartOfADay,
    #[error("RANGE=THISANDFUTURE is read as a change of this one instance")]
    RangeOfInstances,

    #[error("\"{0}\" is not a SEQUENCE, which is a whole number from 0; it is taken as 0")]
    NotASequence(String),
    #[error(
        "\"{0}\" is not a STATUS of an event (TENTATIVE, CONFIRMED, CANCELLED); the event is taken as confirmed"
    )]
    NotAStatus(String),
    #[error("{0} names neither an e-mail address nor a person")]
    Nobody(&'static str),

    #[error("\"{0}\" is not an offset from UTC such as +0100")]
    NotAnOffset(String),
    #[error("the rule \"{0}\" is not a yearly change of the clocks on a weekday or day of a month")]
    UnsupportedRule(String),
    #[error("a VTIMEZONE needs at least one STANDARD or DAYLIGHT")]
    NoObservance,
    #[error("the VTIMEZONE has more than {0} changes of the clocks; shorten it to rules")]
    TooManyChanges(usize),
}
