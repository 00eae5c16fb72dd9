//! From content lines to components: which lines belong together, also where BEGIN and END do not match.

use super::component::{Component, Kind};
use super::flaw::Flaw;
use super::lines::ContentLine;
use super::problems::Problems;
use super::property::{Property, UnreadableLine};
use super::{FILE, Limits};

/// Without these an event would be another one, or at another time.
const ESSENTIAL: [&str; 5] = ["UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"];

/// Puts components together. A component whose END is missing is dropped at the next place where the structure is
/// certain: the END of a component around it, or the BEGIN of one that cannot stand inside it.
pub(super) struct Framer<'a> {
    limits: Limits,
    problems: &'a mut Problems,
    open: Vec<Component>,
    /// How many components deeper than the limit are open.
    too_deep: usize,
    /// The outermost component was opened without a BEGIN:VCALENDAR.
    implied: bool,
    /// Lines outside of any component have been reported.
    outside_reported: bool,
    events: usize,
    calendars: Vec<Component>,
}

impl<'a> Framer<'a> {
    pub(super) fn new(limits: Limits, problems: &'a mut Problems) -> Self {
        Self {
            limits,
            problems,
            open: Vec::new(),
            too_deep: 0,
            implied: false,
            outside_reported: false,
            events: 0,
            calendars: Vec::new(),
        }
    }

    /// Takes the next content line.
    pub(super) fn line(&mut self, content: &ContentLine<'_>) {
        match Property::parse(content) {
            Ok(Some(property)) if property.name == "BEGIN" => self.begin(&property),
            Ok(Some(property)) if property.name == "END" => self.end(&property),
            Ok(Some(property)) => self.property(property),
            Ok(None) => {}
            Err(unreadable) => self.unreadable(content.number, &unreadable),
        }
    }

    /// Closes what is still open and gives the calendars in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Component> {
        self.unwind_to(0);
        self.calendars
    }

    fn begin(&mut self, property: &Property) {
        let component = Component::new(&property.value, property.line);
        if component.kind == Kind::Calendar {
            self.unwind_to(0);
        } else if component.kind.stands_in_calendar() {
            let in_calendar = self.open.first().is_some_and(|outermost| outermost.kind == Kind::Calendar);
            self.unwind_to(usize::from(in_calendar));
            if !in_calendar {
                self.problems.tolerated(property.line, FILE, &Flaw::NoBegin);
                self.implied = true;
                self.open.push(Component::new("VCALENDAR", property.line));
            }
        } else if self.too_deep > 0 || self.open.len() >= self.limits.depth {
            if self.too_deep == 0 {
                self.problems.skipped(property.line, &component.name, &Flaw::TooDeep(self.limits));
            }
            self.too_deep += 1;
            return;
        }
        self.open.push(component);
    }

    fn end(&mut self, property: &Property) {
        let ended = Component::new(&property.value, property.line);
        let is_certain = ended.kind == Kind::Calendar || ended.kind.stands_in_calendar();
        if self.too_deep > 0 && !is_certain {
            self.too_deep -= 1;
            return;
        }
        let Some(index) = self.open.iter().rposition(|open| open.name == ended.name) else {
            let innermost = self.open.last().map_or(FILE, |component| &component.name);
            self.problems.tolerated(property.line, innermost, &Flaw::StrayEnd(ended.name));
            return;
        };
        self.unwind_to(index + 1);
        if let Some(component) = self.open.pop() {
            self.close(component);
        }
    }

    fn property(&mut self, property: Property) {
        if self.too_deep > 0 {
            return;
        }
        let Some(component) = self.open.last_mut() else {
            self.outside(property.line);
            return;
        };
        if !component.kind.is_read() {
            return;
        }
        if component.properties.len() < self.limits.properties {
            component.properties.push(property);
        } else if component.unreadable.is_none() {
            let flaw = Flaw::TooManyProperties(self.limits);
            self.problems.tolerated(property.line, &component.name, &flaw);
            component.unreadable = Some((property.line, property.name));
        }
    }

    fn unreadable(&mut self, line: usize, unreadable: &UnreadableLine) {
        if self.too_deep > 0 {
            return;
        }
        let Some(component) = self.open.last_mut() else {
            self.outside(line);
            return;
        };
        if !component.kind.is_read() {
            return;
        }
        self.problems.tolerated(line, &component.name, &unreadable.flaw);
        let essential = unreadable.name.filter(|name| ESSENTIAL.contains(name));
        if let (Some(name), None) = (essential, component.unreadable) {
            component.unreadable = Some((line, name));
        }
    }

    /// Reported once: a file that is something else altogether is outside on every line.
    fn outside(&mut self, line: usize) {
        if !self.outside_reported {
            self.problems.tolerated(line, FILE, &Flaw::OutsideCalendar);
        }
        self.outside_reported = true;
    }

    /// Drops open components until `depth` are left. A calendar without its END is kept: what is complete in it is
    /// still right.
    fn unwind_to(&mut self, depth: usize) {
        self.too_deep = 0;
        while self.open.len() > depth {
            let Some(component) = self.open.pop() else { return };
            let flaw = Flaw::NoEnd(component.name.clone());
            if component.kind != Kind::Calendar {
                self.problems.skipped(component.line, &component.name, &flaw);
                continue;
            }
            if !self.implied {
                self.problems.tolerated(component.line, &component.name, &flaw);
            }
            self.close(component);
        }
    }

    fn close(&mut self, component: Component) {
        let parent = self.open.last_mut();
        match (component.kind, parent) {
            (Kind::Calendar, _) => {
                self.implied = false;
                self.calendars.push(component);
            }
            (Kind::Event, Some(calendar)) => {
                self.events += 1;
                if self.events <= self.limits.events {
                    calendar.children.push(component);
                } else if self.events == self.limits.events + 1 {
                    self.problems.skipped(component.line, FILE, &Flaw::TooManyEvents(self.limits));
                }
            }
            (Kind::TimeZone, Some(parent)) => parent.children.push(component),
            (Kind::Observance, Some(parent)) if parent.kind == Kind::TimeZone => {
                parent.children.push(component);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
