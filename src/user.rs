//! The user: the attributes, the identity in them, and the context that conditions read.

use crate::dialect::comparable::comparable;
use crate::dialect::{Dialect, plain};
use crate::json::{Object, Text, Value};

/// The ids of a user, to whom variants and exposures belong. An empty id counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The id of a known user.
    pub user_id: Option<Text>,
    /// The id of the device or browser.
    pub device_id: Option<Text>,
}

impl Identity {
    /// The identity in a user or an event that JavaScript wrote: of an id that is a number, the text as it is written.
    pub fn of(user: &Object) -> Self {
        let id = |name: &str| match user.get(name) {
            Some(Value::String(id) | Value::Number(id)) if !id.is_empty() => Some(id.clone()),
            _ => None,
        };
        Self { user_id: id("user_id"), device_id: id("device_id") }
    }

    /// The identity in a user that any program wrote: `1e2` is the number that JavaScript writes as `100`.
    pub fn of_user<D: Dialect>(user: &Object, dialect: &D) -> Self {
        let id = |name: &str| user.get(name).and_then(|id| id_text(id, dialect)).filter(|id| !id.is_empty());
        Self { user_id: id("user_id"), device_id: id("device_id") }
    }

    /// Whether it has no id. Variants stored for any identity may be served to it, until a known identity leaves the page.
    pub fn is_unknown(&self) -> bool {
        self.user_id.is_none() && self.device_id.is_none()
    }

    /// Whether both are the same user: equal user ids, or no user id on either side and equal device ids.
    ///
    /// A log-in is a change of identity: variants of the anonymous visitor are not served after it.
    pub fn is_same(&self, other: &Identity) -> bool {
        match (&self.user_id, &other.user_id) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => self.device_id == other.device_id,
            _ => false,
        }
    }
}

/// The text of an id: of a number JavaScript's `String(number)`, as bucketing sees it. A value of another kind is no id,
/// and neither is a number too large for JavaScript: all of those would be the same id.
pub fn id_text<D: Dialect>(id: &Value, dialect: &D) -> Option<Text> {
    match id {
        Value::String(text) => Some(text.clone()),
        Value::Number(digits) if plain::number(dialect, digits).is_finite() => Some(plain::print(dialect, digits)),
        _ => None,
    }
}

/// Removes ids that are neither text nor number, nor `null`, and reports their fields.
pub(crate) fn remove_unusable_ids(user: &mut Object, mut report: impl FnMut(&'static str)) {
    for field in &["user.user_id", "user.device_id"] {
        let name = field.as_bytes().get("user.".len()..).unwrap_or_default();
        if !matches!(user.get(name), None | Some(Value::String(_) | Value::Number(_) | Value::Null)) {
            user.remove(name);
            report(field);
        }
    }
}

/// The context that conditions read: `user`, `page` and, moved out of the user, `groups` with the name and properties of each.
pub fn context(user: &Object, page_url: Option<&[u8]>) -> Value {
    let mut context = Object::new();
    let mut plain = user.clone();
    // Without groups, the reference leaves `group_properties` in the user.
    let groups = plain.get("groups").filter(|groups| is_truthy(groups)).cloned();
    let properties = groups.as_ref().and_then(|_| plain.remove("group_properties"));
    if groups.is_some() {
        plain.remove("groups");
    }
    context.put("user", plain);
    if let Some(url) = page_url {
        let mut page = Object::new();
        page.put("url", Text::from(url));
        context.put("page", page);
    }
    let named = groups.as_ref().and_then(Value::as_object).map(|groups| named_groups(groups, properties.as_ref()));
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        context.put("groups", named);
    }
    Value::Object(context)
}

/// `{type: [name, …]}` becomes `{type: {group_name, group_properties?}}`; only a type's first name counts.
fn named_groups(groups: &Object, properties: Option<&Value>) -> Object {
    let mut named = Object::new();
    for (kind, _) in groups.iter() {
        // Of a type written twice the later one counts.
        let Some(name) = groups.get(kind).and_then(first_name) else { continue };
        let mut group = Object::new();
        group.put("group_name", name.clone());
        if let Some(found) = properties_of(properties, kind, &name) {
            group.put("group_properties", Value::Object(found.clone()));
        }
        named.set(kind.clone(), Value::Object(group));
    }
    named
}

fn first_name(names: &Value) -> Option<Value> {
    match names {
        Value::Array(names) => names.first().filter(|name| is_truthy(name)).cloned(),
        // The reference takes `names[0]`; of a bare string that is its first code unit.
        Value::String(name) => Some(Value::String(first_character(&comparable(name)))).filter(is_truthy),
        _ => None,
    }
}

fn first_character(text: &[u8]) -> Text {
    let rest = text.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count();
    text.get(..=rest).unwrap_or_default().into()
}

fn properties_of<'a>(properties: Option<&'a Value>, kind: &Text, name: &Value) -> Option<&'a Object> {
    let (Value::String(name) | Value::Number(name)) = name else { return None };
    let found = properties?.as_object()?.get(kind)?.as_object()?.get(name)?.as_object()?;
    Some(found).filter(|found| !found.is_empty())
}

/// Whether the value is truthy in JavaScript.
pub(crate) fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(digits) => is_nonzero(digits),
        _ => true,
    }
}

/// Whether a number as written is not zero: some digit before the exponent is not 0.
fn is_nonzero(digits: &[u8]) -> bool {
    digits.iter().take_while(|byte| !matches!(byte, b'e' | b'E')).any(|byte| (b'1'..=b'9').contains(byte))
}

/// The user that requests and conditions see: `over` wins over `under` field by field, user properties are merged one by one.
pub fn merge(under: &Object, over: &Object) -> Object {
    let mut merged = under.clone();
    merged.extend_from(over);
    let mut properties = Object::new();
    for user in [under, over] {
        if let Some(own) = user.get("user_properties").and_then(Value::as_object) {
            properties.extend_from(own);
        }
    }
    merged.set("user_properties", Value::Object(properties));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn object(text: &str) -> Object {
        parse(text.as_bytes()).unwrap().into_object().unwrap()
    }

    #[test]
    fn identity_of_a_log_in_is_another_and_an_empty_id_is_absent() {
        let visitor = Identity::of(&object(r#"{"device_id":"d","user_id":""}"#));
        let known = Identity::of(&object(r#"{"device_id":"d","user_id":"u"}"#));
        let elsewhere = Identity::of(&object(r#"{"device_id":"e","user_id":"u"}"#));
        assert!(!visitor.is_same(&known));
        assert!(known.is_same(&elsewhere));
        assert!(Identity::of(&object("{}")).is_unknown());
    }

    #[test]
    fn groups_leave_the_user_and_take_their_properties_along() {
        let user = object(
            r#"{"user_id":"u","groups":{"org":["acme","b"],"x":[]},"group_properties":{"org":{"acme":{"plan":"pro"}}}}"#,
        );
        let expected = r#"{"user":{"user_id":"u"},"page":{"url":"https://a/"},"groups":{"org":{"group_name":"acme","group_properties":{"plan":"pro"}}}}"#;
        assert_eq!(context(&user, Some(b"https://a/")).to_json(), expected);
    }

    #[test]
    fn user_properties_are_merged_one_by_one() {
        let merged =
            merge(&object(r#"{"os":"a","user_properties":{"x":1,"y":1}}"#), &object(r#"{"user_properties":{"y":2}}"#));
        assert_eq!(merged.to_json(), r#"{"os":"a","user_properties":{"x":1,"y":2}}"#);
    }
}
