//! What a query costs, from its text and variables alone.
//!
//! It is counted before anything else walks over the document: validation expands fragments, and fragments that
//! name each other can stand for more fields than any machine could visit. Every step of the walk costs at least 1, so it ends soon
//! whatever the document says. All operations and fragments are walked over, since validation does so too.

use async_graphql::Positioned;
use async_graphql::parser::types::{
    ExecutableDocument, Field, FragmentSpread, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Pos, Value};
use rendezhook_domain::resource::ResourceKind;
use serde_json::Map;

use crate::error::QueryError;
use crate::limits::{
    DEFAULT_FIRST, MAXIMUM_ALIAS_BYTES, MAXIMUM_COST, MAXIMUM_DEPTH, MAXIMUM_FIRST,
    MAXIMUM_INTROSPECTION_COST, MAXIMUM_NESTING, READ_COST,
};
use crate::schema::{QUERY_TYPE, list_field};

/// Refuses a document that costs too much, is nested too deep or has fragments that contain themselves.
///
/// `variables` are those of the operation that is to be executed; without them every list that a variable limits counts as the
/// longest one.
pub(crate) fn check(
    document: &ExecutableDocument,
    selected: &Positioned<OperationDefinition>,
    variables: Option<&Map<String, serde_json::Value>>,
) -> Result<(), QueryError> {
    for (_, operation) in document.operations.iter() {
        let own_variables = variables.filter(|_| operation.pos == selected.pos);
        let mut meter = Meter::new(document, Some(&operation.node), own_variables);
        meter.selections(&operation.node.selection_set, Place::at_root())?;
    }
    for fragment in document.fragments.values() {
        let place = match fragment.node.type_condition.node.on.node.as_str() {
            QUERY_TYPE => Place::at_root(),
            name if name.starts_with("__") => Place { part: Part::Introspection, ..Place::at_root() },
            _ => Place { part: Part::Data, ..Place::at_root() },
        };
        Meter::new(document, None, None).selections(&fragment.node.selection_set, place)?;
    }
    Ok(())
}

/// What a selection selects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Root,
    Data,
    Introspection,
}

/// Where in a query a selection stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    part: Part,
    /// How often what is selected here may be in the answer.
    times: u64,
    /// Fields around it.
    depth: usize,
    /// Fields and fragments around it.
    nesting: usize,
}

impl Place {
    const fn at_root() -> Self {
        Self { part: Part::Root, times: 1, depth: 0, nesting: 0 }
    }
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    operation: Option<&'a OperationDefinition>,
    variables: Option<&'a Map<String, serde_json::Value>>,
    cost: u64,
    introspection_cost: u64,
    /// The fragments that the walk is in.
    inside: Vec<&'a str>,
}

impl<'a> Meter<'a> {
    const fn new(
        document: &'a ExecutableDocument,
        operation: Option<&'a OperationDefinition>,
        variables: Option<&'a Map<String, serde_json::Value>>,
    ) -> Self {
        Self { document, operation, variables, cost: 0, introspection_cost: 0, inside: Vec::new() }
    }

    fn selections(&mut self, set: &'a Positioned<SelectionSet>, place: Place) -> Result<(), QueryError> {
        if place.nesting > MAXIMUM_NESTING {
            return Err(QueryError::at(
                set.pos,
                format!("selections and fragments are nested more than {MAXIMUM_NESTING} deep"),
            ));
        }
        let within = Place { nesting: place.nesting + 1, ..place };
        for selection in &set.node.items {
            match &selection.node {
                Selection::Field(field) => self.field(field, within)?,
                Selection::InlineFragment(fragment) => {
                    self.spend(place.part, place.times, selection.pos)?;
                    self.selections(&fragment.node.selection_set, within)?;
                }
                Selection::FragmentSpread(spread) => {
                    self.spend(place.part, place.times, selection.pos)?;
                    self.spread(spread, within)?;
                }
            }
        }
        Ok(())
    }

    fn spread(&mut self, spread: &'a Positioned<FragmentSpread>, place: Place) -> Result<(), QueryError> {
        let name = spread.node.fragment_name.node.as_str();
        if self.inside.contains(&name) {
            return Err(QueryError::at(spread.pos, format!("the fragment \"{name}\" contains itself")));
        }
        // One that does not exist is told by validation.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(()) };
        self.inside.push(name);
        self.selections(&fragment.node.selection_set, place)?;
        self.inside.pop();
        Ok(())
    }

    fn field(&mut self, field: &'a Positioned<Field>, place: Place) -> Result<(), QueryError> {
        let depth = place.depth + 1;
        if depth > MAXIMUM_DEPTH {
            return Err(QueryError::at(
                field.pos,
                format!("fields are nested more than {MAXIMUM_DEPTH} deep"),
            ));
        }
        if let Some(alias) = &field.node.alias
            && alias.node.len() > MAXIMUM_ALIAS_BYTES
        {
            return Err(QueryError::at(
                alias.pos,
                format!("an alias has more than {MAXIMUM_ALIAS_BYTES} characters"),
            ));
        }
        let name = field.node.name.node.as_str();
        let (part, own_cost, entries) = match place.part {
            Part::Root if matches!(name, "__schema" | "__type") => (Part::Introspection, 1, 1),
            Part::Root if is_list(name) => (Part::Data, READ_COST, self.first(&field.node)?),
            Part::Root => (Part::Data, READ_COST, 1),
            Part::Data => (Part::Data, 1, 1),
            Part::Introspection => (Part::Introspection, 1, schema_entries(name)),
        };
        self.spend(part, place.times.saturating_mul(own_cost), field.pos)?;
        let times = place.times.saturating_mul(entries);
        self.selections(&field.node.selection_set, Place { part, times, depth, nesting: place.nesting })
    }

    fn spend(&mut self, part: Part, cost: u64, position: Pos) -> Result<(), QueryError> {
        let (spent, maximum, what) = match part {
            Part::Root | Part::Data => (&mut self.cost, MAXIMUM_COST, "the query"),
            Part::Introspection => {
                (&mut self.introspection_cost, MAXIMUM_INTROSPECTION_COST, "what is asked about the schema")
            }
        };
        *spent = spent.saturating_add(cost);
        if *spent > maximum {
            return Err(QueryError::at(
                position,
                format!(
                    "{what} costs more than {maximum} from here on; ask for fewer fields, or for fewer nodes of each list \
                     with \"first\""
                ),
            ));
        }
        Ok(())
    }

    /// How many nodes a list may have.
    fn first(&self, field: &Field) -> Result<u64, QueryError> {
        let Some(argument) = field.get_argument("first") else { return Ok(DEFAULT_FIRST) };
        let given = argument.node.clone().into_const_with(|name| self.variable(&name));
        let asked = match given {
            Ok(Value::Null) => return Ok(DEFAULT_FIRST),
            Ok(Value::Number(number)) => number.as_u64(),
            // Not known yet, or of another type, which validation tells.
            Err(NotKnown) | Ok(_) => return Ok(MAXIMUM_FIRST),
        };
        asked.filter(|asked| (1..=MAXIMUM_FIRST).contains(asked)).ok_or_else(|| {
            QueryError::at(argument.pos, format!("\"first\" has to be an integer from 1 to {MAXIMUM_FIRST}"))
        })
    }

    fn variable(&self, name: &str) -> Result<Value, NotKnown> {
        let definition = self.operation.and_then(|operation| {
            operation.variable_definitions.iter().find(|definition| definition.node.name.node == name)
        });
        let definition = definition.ok_or(NotKnown)?;
        let given = self.variables.ok_or(NotKnown)?.get(name);
        Ok(match (given, definition.node.default_value()) {
            (Some(given), _) => Value::from_json(given.clone()).unwrap_or_default(),
            (None, Some(default)) => default.clone(),
            (None, None) => Value::Null,
        })
    }
}

/// The value of a variable is given later.
struct NotKnown;

fn is_list(name: &str) -> bool {
    ResourceKind::PUBLISHED.into_iter().any(|kind| list_field(kind) == name)
}

/// About how many entries a list of the schema has.
fn schema_entries(field: &str) -> u64 {
    match field {
        "types" => 40,
        "fields" | "inputFields" | "enumValues" => 10,
        "args" | "directives" => 5,
        _ => 1,
    }
}
