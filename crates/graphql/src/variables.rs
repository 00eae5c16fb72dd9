//! Whether variables fit where they are used, and have values.
//!
//! The engine compares values with types but not the types of variables with those of arguments, so a wrong declaration would be
//! found only with a wrong value.

use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, VariableDefinition,
};
use async_graphql::{Name, Pos, Positioned};
use serde_json::{Map, Value};

use crate::error::QueryError;
use crate::schema::argument_type;

/// Refuses an operation that uses variables as arguments of another type. Its fragments have to be bounded already.
pub(crate) fn check_types(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
) -> Result<(), QueryError> {
    let usages = Usages { document, definitions: &operation.variable_definitions };
    usages.directives(&operation.directives)?;
    usages.selections(&operation.selection_set)
}

/// Refuses values of which one that the operation needs is missing.
pub(crate) fn check_values(
    operation: &OperationDefinition,
    values: &Map<String, Value>,
) -> Result<(), QueryError> {
    for definition in &operation.variable_definitions {
        let required = !definition.node.var_type.node.nullable && definition.node.default_value.is_none();
        let name = definition.node.name.node.as_str();
        if required && values.get(name).is_none_or(Value::is_null) {
            let wanted = &definition.node.var_type.node;
            return Err(QueryError::at(
                definition.pos,
                format!("the variable ${name} has no value; the query needs one of type {wanted}"),
            ));
        }
    }
    Ok(())
}

struct Usages<'a> {
    document: &'a ExecutableDocument,
    definitions: &'a [Positioned<VariableDefinition>],
}

impl Usages<'_> {
    fn selections(&self, set: &Positioned<SelectionSet>) -> Result<(), QueryError> {
        for selection in &set.node.items {
            self.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => {
                    for (name, value) in &field.node.arguments {
                        self.argument(&name.node, value.pos, value.node.clone().into_const_with(Err).err())?;
                    }
                    self.selections(&field.node.selection_set)?;
                }
                Selection::InlineFragment(fragment) => self.selections(&fragment.node.selection_set)?,
                Selection::FragmentSpread(spread) => {
                    // One that does not exist is told by validation.
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        self.selections(&fragment.node.selection_set)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn directives(&self, directives: &[Positioned<Directive>]) -> Result<(), QueryError> {
        for (name, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
            self.argument(&name.node, value.pos, value.node.clone().into_const_with(Err).err())?;
        }
        Ok(())
    }

    /// Checks an argument whose value is this variable, if it is one.
    fn argument(&self, name: &str, position: Pos, variable: Option<Name>) -> Result<(), QueryError> {
        let (Some(variable), Some(wanted)) = (variable, argument_type(name)) else { return Ok(()) };
        // What is not declared, and arguments that do not exist, are told by validation.
        let Some(definition) = self.definitions.iter().find(|one| one.node.name.node == variable) else {
            return Ok(());
        };
        let declared = &definition.node.var_type.node;
        let has_value = !declared.nullable || definition.node.default_value.is_some();
        if declared.base == wanted.base && (wanted.nullable || has_value) {
            return Ok(());
        }
        let message = format!(
            "the variable ${variable} is of type {declared}, and the argument \"{name}\" of type {wanted}"
        );
        Err(QueryError::at(position, message))
    }
}
