//! Pages of an organization's deliveries, newest first.
//!
//! There is no index by organization or time: deliveries are kept by receiver and sequence, so a list merges the receivers
//! of the organization, and the deliveries of a resource are found through its actions.

mod by_receiver;
mod by_resource;

use std::collections::HashMap;
use std::time::Duration;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rusqlite::Connection;

use self::by_receiver::ByReceiver;
use self::by_resource::ByResource;
use super::row::{ActionSummary, DeliveryRow, action_summary};
use crate::read::{DeliveryCursor, DeliveryFilter, DeliveryPage};
use crate::sqlite::bound::last_accepted_before;
use crate::sqlite::fault::Fault;

/// How much is looked at for one page, in rows and seeks. A page that would need more ends early and says where to go on.
const EFFORT_A_PAGE: usize = 20_000;
/// How far times of acceptance may be out of the order of sequences: a clock set back by more than this can hide deliveries
/// from a list limited by time.
pub(super) const CLOCK_DISORDER: Duration = Duration::from_secs(120);

/// What a list shows.
#[derive(Debug)]
pub(in crate::sqlite) struct ListRequest {
    pub(in crate::sqlite) organization: OrganizationNumber,
    pub(in crate::sqlite) filter: DeliveryFilter,
    pub(in crate::sqlite) after: Option<DeliveryCursor>,
    pub(in crate::sqlite) limit: usize,
    /// The receivers that can have such deliveries.
    pub(in crate::sqlite) receivers: Vec<ReceiverNumber>,
    /// The highest sequence that was given.
    pub(in crate::sqlite) highest: Sequence,
}

/// Where deliveries come from, from the highest sequence down.
enum Source<'a> {
    Receivers(ByReceiver<'a>),
    Resource(ByResource<'a>),
}

impl Source<'_> {
    fn next(&mut self, effort: &mut Effort) -> Result<Option<DeliveryRow>, Fault> {
        match self {
            Self::Receivers(source) => source.next(effort),
            Self::Resource(source) => source.next(effort),
        }
    }
}

/// What was looked at so far.
#[derive(Debug, Default)]
struct Effort(usize);

impl Effort {
    const fn spend(&mut self, effort: usize) {
        self.0 += effort;
    }

    const fn is_exhausted(&self) -> bool {
        self.0 >= EFFORT_A_PAGE
    }
}

/// Reads a page.
pub(in crate::sqlite) fn list(connection: &Connection, request: &ListRequest) -> Result<DeliveryPage, Fault> {
    let empty = DeliveryPage { deliveries: Vec::new(), next: None };
    let (lowest, below) = bounds(connection, request)?;
    let mut effort = Effort::default();
    let mut source = match &request.filter.resource {
        None => Source::Receivers(ByReceiver::new(connection, request, below, &mut effort)?),
        Some(resource) => match ByResource::new(connection, request, resource, below)? {
            Some(source) => Source::Resource(source),
            None => return Ok(empty),
        },
    };

    let mut page = empty;
    let mut actions = HashMap::new();
    while let Some(row) = source.next(&mut effort)? {
        if row.key.sequence < lowest {
            return Ok(page);
        }
        if page.deliveries.len() == request.limit {
            if matches(connection, request, &row, &mut actions)?.is_some() {
                page.next = page.deliveries.last().map(|last| DeliveryCursor(last.id.sequence()));
                return Ok(page);
            }
        } else if let Some(action) = matches(connection, request, &row, &mut actions)? {
            page.deliveries.push(row.view(&action));
        }
        if effort.is_exhausted() {
            page.next = Some(DeliveryCursor(row.key.sequence));
            return Ok(page);
        }
    }
    if let (true, Source::Resource(source)) = (effort.is_exhausted(), &source) {
        page.next = source.left_off()?.map(DeliveryCursor);
    }
    Ok(page)
}

/// Between which sequences deliveries can lie: at or above the first, below the second.
fn bounds(connection: &Connection, request: &ListRequest) -> Result<(Sequence, Sequence), Fault> {
    let lowest = match request.filter.from {
        Some(from) => last_accepted_before(connection, from.before(CLOCK_DISORDER), request.highest)?,
        None => Sequence::ZERO,
    };
    let end = match request.filter.until {
        Some(until) => {
            last_accepted_before(connection, until.after(CLOCK_DISORDER), request.highest)?.plus(1)
        }
        None => Sequence::MAXIMUM.plus(1),
    };
    let below = request.after.map_or(end, |DeliveryCursor(after)| after.min(end));
    Ok((lowest, below))
}

/// The action of a delivery that the list shows; `None` when it does not show it.
fn matches(
    connection: &Connection,
    request: &ListRequest,
    row: &DeliveryRow,
    actions: &mut HashMap<Sequence, Option<ActionSummary>>,
) -> Result<Option<ActionSummary>, Fault> {
    let filter = &request.filter;
    let row_wanted = filter.state.is_none_or(|state| state == row.state)
        && filter.subscription.is_none_or(|subscription| subscription == row.subscription);
    if !row_wanted {
        return Ok(None);
    }
    let action = match actions.get(&row.action) {
        Some(action) => action.clone(),
        None => {
            let action = action_summary(connection, row.action)?;
            actions.insert(row.action, action.clone());
            action
        }
    };
    Ok(action.filter(|action| {
        action.organization == request.organization
            && filter.from.is_none_or(|from| action.accepted_at >= from)
            && filter.until.is_none_or(|until| action.accepted_at < until)
    }))
}
