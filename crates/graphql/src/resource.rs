//! A stored resource while it is answered.

use std::sync::OnceLock;

use bytes::Bytes;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::resource::ResourceId;
use serde_json::{Map, Value};

/// A stored resource. Its state is taken apart when a field of it is asked for.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) id: ResourceId,
    pub(crate) facts: Facts,
    body: Bytes,
    state: OnceLock<Value>,
}

impl Resource {
    pub(crate) fn new(id: ResourceId, facts: Facts, body: Bytes) -> Self {
        Self { id, facts, body, state: OnceLock::new() }
    }

    /// How long its published text is.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// The whole state; null when it holds a number that is out of the range of a double.
    pub(crate) fn state(&self) -> &Value {
        self.state.get_or_init(|| serde_json::from_slice(&self.body).unwrap_or_default())
    }

    /// The members of the state.
    pub(crate) fn members(&self) -> Option<&Map<String, Value>> {
        self.state().as_object()
    }
}
