//! The end of a process and the beginning of the next: only what is durable is left.

use rendezhook_delivery::scheduler::Scheduler;
use rendezhook_delivery::scheduler::input::Input;

use super::{Event, World};
use crate::pace::Pace;
use crate::receivers::Habit;

/// How often a process that was asked to end looks whether it can, in milliseconds.
const LOOKS: i64 = 1_000;

impl World {
    /// The process dies. Mostly another one starts at once.
    pub(super) fn crash(&mut self, inputs: &mut Vec<Input>) {
        if self.down {
            return;
        }
        self.played.crashes += 1;
        self.receipts.died(std::mem::take(&mut self.unrecorded));
        self.go_down(inputs);
    }

    /// The process is asked to end: from now on it begins nothing new.
    pub(super) fn stop(&mut self, inputs: &mut Vec<Input>) {
        if self.down {
            return;
        }
        inputs.push(Input::Stop);
        self.at(self.now + LOOKS, Event::Leave);
    }

    /// The process ends once nothing is under way. It leaves no attempt without its record.
    pub(super) fn leave(&mut self, inputs: &mut Vec<Input>) {
        let figures = self.scheduler.figures();
        if figures.in_flight + figures.recording > 0 {
            self.at(self.now + LOOKS, Event::Leave);
            return;
        }
        assert!(self.unrecorded.is_empty(), "a process ends while {:?} have no record", self.unrecorded);
        self.go_down(inputs);
    }

    fn go_down(&mut self, inputs: &mut Vec<Input>) {
        self.events.retain(|_, event| !event.is_lost_in_a_crash());
        inputs.clear();
        self.down = true;
        let downtime = if self.dice.chance(50) { 0 } else { self.dice.delay(self.plan.longest_downtime) };
        self.at(self.now + downtime, Event::Start);
    }

    /// A process starts and is told of everything that is durable.
    pub(super) fn start(&mut self, inputs: &mut Vec<Input>) {
        self.down = false;
        self.feed_until = self.now;
        self.records_until = self.now;
        self.scheduler = Scheduler::new(self.plan.limits);
        self.checks.forget();
        inputs.extend(self.model.subscriptions.values().cloned().map(Input::SubscriptionChanged));
        inputs.extend(self.model.announcements().into_iter().map(Input::Announced));
    }

    /// The chaos ends: every receiver is healthy, the store has its usual pace, and most of what was paused goes on.
    pub(super) fn calm(&mut self) {
        self.pace = Pace { unreadable: 0, ..Pace::USUAL };
        for habit in self.habits.values_mut() {
            *habit = Habit::Healthy;
        }
        let numbers: Vec<_> = self.model.subscriptions.keys().copied().collect();
        for number in numbers {
            if self.dice.chance(80) {
                self.change(number, |view| view.enabled = true);
                self.tell_of(number);
            }
        }
    }
}
