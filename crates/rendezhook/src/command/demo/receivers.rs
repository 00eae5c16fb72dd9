//! The receivers: five applications of five customers, one of which has a bad day.

use std::net::{Ipv4Addr, SocketAddr};

use rendezhook_receive::listener::{
    AnswerScript, AnswerScriptError, Call, ListenError, Listener, ListenerOptions, ScriptScope,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Calls that wait to be looked at; a call that finds no place is refused, and so delivered again later.
const WAITING_CALLS: usize = 1_024;

/// Through which API a receiver's hook is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    /// `/hooks`
    Vyte,
    /// `/v1/team/{id}/webhooks`
    Doo,
    /// `/api/webhooks`
    SimplyMeet,
    /// `/api/v1/subscriptions`
    Native,
    /// The same, with bodies that a query selects.
    Select,
}

impl Surface {
    /// Its name for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Vyte => "Vyte",
            Self::Doo => "doo",
            Self::SimplyMeet => "SimplyMeet.me",
            Self::Native => "native",
            Self::Select => "native, select",
        }
    }
}

/// What a receiver is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    /// What people call it.
    pub(super) name: &'static str,
    /// Through which API its hook is made.
    pub(super) surface: Surface,
    /// Which actions it wants, by the names of its API.
    pub(super) actions: &'static [&'static str],
    /// What it answers to the attempts of each delivery, in order.
    pub(super) answers: &'static str,
}

/// Everybody who takes part. The last one fails twice on each delivery before it recovers.
pub(super) const ROLES: [Role; 5] = [
    Role { name: "front desk", surface: Surface::Vyte, actions: &["event.confirmed"], answers: "200" },
    Role {
        name: "ticketing",
        surface: Surface::Doo,
        actions: &["event_created", "event_updated"],
        answers: "200",
    },
    Role {
        name: "room plan",
        surface: Surface::SimplyMeet,
        actions: &["meetingRescheduled"],
        answers: "200",
    },
    Role { name: "wall display", surface: Surface::Select, actions: &["event.updated"], answers: "200" },
    Role {
        name: "reminders",
        surface: Surface::Native,
        actions: &["event.updated", "event.cancelled"],
        answers: "500,500,200",
    },
];

/// A receiver that listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receiver {
    /// What it is for.
    pub(super) role: Role,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

/// A receiver cannot be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiverError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// What it is to answer cannot be understood.
    #[error(transparent)]
    Script(#[from] AnswerScriptError),
}

/// All receivers, for as long as this lives.
pub(super) struct Receivers {
    /// Where they listen.
    pub(super) list: Vec<Receiver>,
    /// The calls of all of them, with the name of the one that was called.
    pub(super) calls: mpsc::Receiver<(&'static str, Call)>,
    /// Dropping it ends them.
    _tasks: JoinSet<()>,
}

impl Receivers {
    /// Starts every receiver on a free port of loopback.
    pub(super) async fn start() -> Result<Self, ReceiverError> {
        let mut tasks = JoinSet::new();
        let mut list = Vec::new();
        let (all, calls) = mpsc::channel(WAITING_CALLS);
        for role in ROLES {
            let script: AnswerScript = role.answers.parse()?;
            let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let options =
                ListenerOptions { script, scope: ScriptScope::Message, ..ListenerOptions::new(anywhere) };
            let (sender, mut own) = mpsc::channel(WAITING_CALLS);
            let (listener, address) = Listener::bind(options, sender).await?;
            tasks.spawn(listener.run(std::future::pending()));
            let all = all.clone();
            tasks.spawn(async move {
                while let Some(call) = own.recv().await {
                    if all.send((role.name, call)).await.is_err() {
                        break;
                    }
                }
            });
            list.push(Receiver { role, address });
        }
        Ok(Self { list, calls, _tasks: tasks })
    }
}
