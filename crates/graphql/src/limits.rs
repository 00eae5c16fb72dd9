//! What a query may cost. All of it holds for a check too, so that a query which passed the check is not refused later
//! unless its variables make it larger.

/// The longest text of a query, in bytes.
pub const MAXIMUM_QUERY_BYTES: usize = 16 * 1024;

/// How deep brackets may be nested in the text of a query, and selections in each other, fragments included. It keeps the
/// parser and all that walks over a query from using up the stack.
pub const MAXIMUM_NESTING: usize = 32;

/// How deep fields may be nested. The data needs 6; the query by which tools ask for the schema needs 15.
pub const MAXIMUM_DEPTH: usize = 16;

/// The longest alias of a field, in bytes. An alias comes back as often as its field does.
pub const MAXIMUM_ALIAS_BYTES: usize = 100;

/// The highest cost of an operation. A field costs 1, a field of the query type [`READ_COST`], and what is selected below a list
/// of the query type costs as many times as the list may have nodes. It bounds aliases and root fields too.
pub const MAXIMUM_COST: u64 = 10_000;

/// What a field of the query type costs: it reads the store.
pub const READ_COST: u64 = 50;

/// The highest cost of what an operation asks about the schema. Tools ask for all of it at once, which costs about 80,000
/// when each list of the schema counts as many times as it has entries.
pub const MAXIMUM_INTROSPECTION_COST: u64 = 150_000;

/// How many nodes a list of the query type has when the query does not say.
pub const DEFAULT_FIRST: u64 = 25;

/// The most nodes that one list of the query type has.
pub const MAXIMUM_FIRST: u64 = 100;

/// How many fields an answer may have within lists that are part of resources: their length is known only when they are read.
pub const MAXIMUM_LISTED_FIELDS: usize = 50_000;

/// How many bytes of values an answer may hold.
pub const MAXIMUM_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// How many bytes of resources one execution may read, those included that a filter leaves out.
pub const MAXIMUM_READ_BYTES: usize = 32 * 1024 * 1024;

/// How many errors an answer tells.
pub const MAXIMUM_ERRORS: usize = 10;

/// How often one list reads the store for a page. When filters leave out nearly everything the page ends early, with a cursor
/// from which the next one goes on.
pub const MAXIMUM_READS_A_LIST: usize = 10;
