//! The components of a calendar as far as they are read.

use super::property::Property;

/// What a component is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Calendar,
    Event,
    TimeZone,
    /// `STANDARD` or `DAYLIGHT` of a time zone.
    Observance,
    /// `VTODO` and others that stand beside events and are not read.
    Sibling,
    /// `VALARM` and any other component inside of another, not read.
    Nested,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "VCALENDAR" => Self::Calendar,
            "VEVENT" => Self::Event,
            "VTIMEZONE" => Self::TimeZone,
            "STANDARD" | "DAYLIGHT" => Self::Observance,
            "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VAVAILABILITY" | "VPOLL" => Self::Sibling,
            _ => Self::Nested,
        }
    }

    /// Stands directly in a calendar and nowhere else, so that its BEGIN shows where a broken neighbour stops.
    pub(super) fn stands_in_calendar(self) -> bool {
        matches!(self, Self::Event | Self::TimeZone | Self::Sibling)
    }

    /// Its properties are read.
    pub(super) fn is_read(self) -> bool {
        !matches!(self, Self::Sibling | Self::Nested)
    }
}

/// A component with the properties that are read.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) kind: Kind,
    /// In upper case.
    pub(super) name: String,
    /// The line of its BEGIN.
    pub(super) line: usize,
    /// In the order of the file.
    pub(super) properties: Vec<Property>,
    /// Events and time zones of a calendar, observances of a time zone.
    pub(super) children: Vec<Component>,
    /// A line without which the component would mean something else could not be taken apart.
    pub(super) unreadable: Option<(usize, &'static str)>,
}

impl Component {
    pub(super) fn new(name: &str, line: usize) -> Self {
        let name = name.trim().to_ascii_uppercase();
        Self {
            kind: Kind::of(&name),
            name,
            line,
            properties: Vec::new(),
            children: Vec::new(),
            unreadable: None,
        }
    }

    /// The first property of a name.
    pub(super) fn first(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// All properties of a name.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    pub(super) fn children_of(&self, kind: Kind) -> impl Iterator<Item = &Component> {
        self.children.iter().filter(move |child| child.kind == kind)
    }
}
