//! A JSON value whose texts are those of the body it was read from.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::{Json, Members, Shape};

/// Objects with more members than this are searched by an index: looking at each member for each name would take the square of
/// what somebody sends.
const UNINDEXED_MEMBERS: usize = 32;

/// A JSON value whose texts are those of the body it was read from. Only texts with escapes are copied.
#[derive(Debug, Clone)]
pub enum BorrowedJson<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(BorrowedObject<'a>),
}

/// The members of an object, each name once, in the order in which they were written.
#[derive(Debug, Clone)]
pub struct BorrowedObject<'a> {
    members: Vec<(Cow<'a, str>, BorrowedJson<'a>)>,
    /// Of an object with many members: their places, sorted by name.
    by_name: Option<Box<ByName>>,
}

#[derive(Debug, Clone)]
struct ByName(Vec<usize>);

impl<'a> BorrowedObject<'a> {
    fn new(mut members: Vec<(Cow<'a, str>, BorrowedJson<'a>)>) -> Self {
        if members.len() <= UNINDEXED_MEMBERS {
            keep_last_of_each(&mut members);
            return Self { members, by_name: None };
        }
        let mut places = sorted(&members);
        let repeated = |pair: &[usize]| match pair {
            [one, other] => name_at(&members, *one) == name_at(&members, *other),
            _ => false,
        };
        if places.windows(2).any(repeated) {
            members = last_of_each(members, &places);
            places = sorted(&members);
        }
        Self { members, by_name: Some(Box::new(ByName(places))) }
    }
}

/// The places of members sorted by name, and of the same name in their order.
fn sorted(members: &[(Cow<'_, str>, BorrowedJson<'_>)]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..members.len()).collect();
    places.sort_by_key(|place| name_at(members, *place));
    places
}

fn name_at<'m>(members: &'m [(Cow<'_, str>, BorrowedJson<'_>)], place: usize) -> Option<&'m str> {
    members.get(place).map(|(name, _)| name.as_ref())
}

/// Leaves each name once, where it was first written and with what was last written, of few members.
fn keep_last_of_each(members: &mut Vec<(Cow<'_, str>, BorrowedJson<'_>)>) {
    let mut place = 1;
    while let Some((name, _)) = members.get(place) {
        let earlier = members.iter().take(place).position(|(other, _)| other == name);
        match earlier {
            Some(earlier) => {
                let (_, value) = members.remove(place);
                if let Some(member) = members.get_mut(earlier) {
                    member.1 = value;
                }
            }
            None => place += 1,
        }
    }
}

/// As [`keep_last_of_each`], of many members whose places are sorted by name.
fn last_of_each<'a>(
    members: Vec<(Cow<'a, str>, BorrowedJson<'a>)>,
    places: &[usize],
) -> Vec<(Cow<'a, str>, BorrowedJson<'a>)> {
    // Where each name was first written, with the place of what counts.
    let mut kept: Vec<(usize, usize)> = places
        .chunk_by(|one, other| name_at(&members, *one) == name_at(&members, *other))
        .filter_map(|same| Some((*same.first()?, *same.last()?)))
        .collect();
    kept.sort_unstable();
    let mut members: Vec<Option<(Cow<'a, str>, BorrowedJson<'a>)>> = members.into_iter().map(Some).collect();
    let mut take = |place: usize| members.get_mut(place).and_then(Option::take);
    kept.into_iter().filter_map(|(_, last)| take(last)).collect()
}

impl<'a> Json for BorrowedJson<'a> {
    type Members<'m>
        = &'m BorrowedObject<'a>
    where
        Self: 'm;

    fn shape(&self) -> Shape<'_, Self> {
        match self {
            Self::Null => Shape::Null,
            Self::Bool(flag) => Shape::Bool(*flag),
            Self::Number(number) => Shape::Number(number),
            Self::Text(text) => Shape::Text(text),
            Self::Array(items) => Shape::Array(items),
            Self::Object(members) => Shape::Object(members),
        }
    }
}

impl<'m, 'a: 'm> Members<'m, BorrowedJson<'a>> for &'m BorrowedObject<'a> {
    fn count(self) -> usize {
        self.members.len()
    }

    fn get(self, name: &str) -> Option<&'m BorrowedJson<'a>> {
        match &self.by_name {
            None => self.members.iter().find(|(each, _)| each == name).map(|(_, value)| value),
            Some(by_name) => {
                let ByName(places) = by_name.as_ref();
                let found = places.binary_search_by(|place| name_at(&self.members, *place).cmp(&Some(name)));
                let place = *places.get(found.ok()?)?;
                self.members.get(place).map(|(_, value)| value)
            }
        }
    }

    fn each(self) -> impl Iterator<Item = (&'m str, &'m BorrowedJson<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BorrowedJson<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = BorrowedJson<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Number::from_f64(number).map_or(BorrowedJson::Null, BorrowedJson::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(BorrowedJson::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(BorrowedJson::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(BorrowedJson::Object(BorrowedObject::new(members)))
    }
}

/// The name of a member. By itself a [`Cow`] is always read as a copy.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}
