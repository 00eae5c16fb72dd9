//! SPDX licence expressions (SPDX specification 2.3, annex D): names joined by `AND`, `OR`, `WITH` and parentheses.

use std::collections::BTreeSet;

/// How deep parentheses may be nested.
const DEEPEST: usize = 16;

/// An expression, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// One licence, with its exception if it has one (`Apache-2.0 WITH LLVM-exception`).
    Licence(String),
    /// All of these hold.
    All(Vec<Expression>),
    /// One of these may be chosen.
    Any(Vec<Expression>),
}

/// A text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpressionError {
    /// A name of a licence is expected.
    #[error("a licence is missing at {0:?}")]
    Missing(String),
    /// Something stands where the expression should end or go on.
    #[error("{0:?} is not expected")]
    Unexpected(String),
    /// A parenthesis is not closed.
    #[error("a parenthesis is not closed")]
    Open,
    /// Parentheses are nested too deep.
    #[error("parentheses are nested more than {DEEPEST} deep")]
    TooDeep,
}

impl Expression {
    /// Reads an expression. The slash of old packages (`MIT/Apache-2.0`) is an `OR`.
    ///
    /// # Errors
    /// When it is not well-formed.
    pub(crate) fn parse(text: &str) -> Result<Self, ExpressionError> {
        let spaced = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let mut words = Words { words: spaced.split_whitespace().collect(), position: 0 };
        let expression = words.any(0)?;
        match words.peek() {
            None => Ok(expression),
            Some(word) => Err(ExpressionError::Unexpected(word.to_owned())),
        }
    }

    /// Whether the licences in `allowed` permit the use.
    pub(crate) fn is_satisfied_by(&self, allowed: &BTreeSet<String>) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(name),
            Self::All(parts) => parts.iter().all(|part| part.is_satisfied_by(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_satisfied_by(allowed)),
        }
    }
}

struct Words<'a> {
    words: Vec<&'a str>,
    position: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.position).copied()
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.take("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(single_or(parts, Expression::Any))
    }

    /// `AND` binds closer than `OR`.
    fn all(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let first = self.one(depth)?;
        let mut parts = vec![first];
        while self.take("AND") {
            parts.push(self.one(depth)?);
        }
        Ok(single_or(parts, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        if depth > DEEPEST {
            return Err(ExpressionError::TooDeep);
        }
        if self.take("(") {
            let inner = self.any(depth + 1)?;
            return if self.take(")") { Ok(inner) } else { Err(ExpressionError::Open) };
        }
        let name = self.name()?;
        if !self.take("WITH") {
            return Ok(Expression::Licence(name.to_owned()));
        }
        let exception = self.name()?;
        Ok(Expression::Licence(format!("{name} WITH {exception}")))
    }

    fn name(&mut self) -> Result<&'a str, ExpressionError> {
        match self.peek() {
            Some(word) if !matches!(word, "AND" | "OR" | "WITH" | "(" | ")") => {
                self.position += 1;
                Ok(word)
            }
            other => Err(ExpressionError::Missing(other.unwrap_or("the end").to_owned())),
        }
    }
}

fn single_or(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn satisfied(expression: &str, allowed: &[&str]) -> bool {
        let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
        Expression::parse(expression).unwrap().is_satisfied_by(&allowed)
    }

    #[test]
    fn one_of_several_is_enough_and_all_of_several_are_needed() {
        assert!(satisfied("MIT OR Apache-2.0", &["MIT"]));
        assert!(satisfied("MIT/Apache-2.0", &["Apache-2.0"]));
        assert!(!satisfied("Apache-2.0 AND ISC", &["ISC"]));
        assert!(satisfied("Apache-2.0 AND ISC", &["ISC", "Apache-2.0"]));
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closest() {
        assert!(satisfied("MIT OR GPL-3.0 AND ISC", &["MIT"]));
        assert!(!satisfied("(MIT OR GPL-3.0) AND ISC", &["MIT"]));
        assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT", "Unicode-3.0"]));
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        assert!(!satisfied("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"]));
        assert!(satisfied("Apache-2.0 WITH LLVM-exception OR GPL-3.0", &["Apache-2.0 WITH LLVM-exception"]));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        let refused = |text: &str| Expression::parse(text).unwrap_err();
        assert_eq!(refused(""), ExpressionError::Missing("the end".to_owned()));
        assert_eq!(refused("MIT OR"), ExpressionError::Missing("the end".to_owned()));
        assert_eq!(refused("OR MIT"), ExpressionError::Missing("OR".to_owned()));
        assert_eq!(refused("MIT Apache-2.0"), ExpressionError::Unexpected("Apache-2.0".to_owned()));
        assert_eq!(refused("(MIT"), ExpressionError::Open);
        assert_eq!(refused("MIT)"), ExpressionError::Unexpected(")".to_owned()));
        assert_eq!(refused(&"(".repeat(100)), ExpressionError::TooDeep);
    }
}
