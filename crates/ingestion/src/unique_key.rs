//! What makes an event one event: its project, its insert id, and a key of the sender's ids, the type and what was met.
//!
//! So nobody who knows or guesses an insert id can keep another's event out by sending one with the same id first, and
//! senders that count their ids for each device by themselves (1, 2, …) lose nothing.

use experiment_wasm::field_hasher::FieldHasher;
use experiment_wasm::json::Text;
use experiment_wasm::user::Identity;

use crate::exposure::Exposed;

/// The key of an event among those with its project and insert id: the first 64 bits of a digest of the device as sent,
/// else the user as sent; the stored type; the flag and variant of an exposure; and whether the server made it.
pub fn unique_key(identity: &Identity, event_type: &Text, exposure: Option<&Exposed>, is_made_by_server: bool) -> i64 {
    let user_id = identity.user_id.as_ref().filter(|_| identity.device_id.is_none());
    let digest = FieldHasher::new()
        .optional(identity.device_id.as_deref())
        .optional(user_id.map(|id| &**id))
        .field(event_type)
        .optional(exposure.map(|exposure| &*exposure.flag_key))
        .optional(exposure.and_then(|exposure| exposure.variant.as_deref()))
        .number(is_made_by_server.into())
        .finish();
    let bits = digest.to_str().get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    bits.unwrap_or_default().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: Option<&str>, device: Option<&str>, event_type: &str, flag: Option<(&str, Option<&str>)>) -> i64 {
        let identity = Identity { user_id: user.map(Text::from), device_id: device.map(Text::from) };
        let exposure = flag.map(|(flag, variant)| Exposed {
            flag_key: flag.into(),
            variant: variant.map(Text::from),
            experiment_key: None,
        });
        unique_key(&identity, &event_type.into(), exposure.as_ref(), false)
    }

    #[test]
    fn the_device_is_who_sent_it_and_without_one_the_user() {
        assert_eq!(key(Some("alice"), Some("phone"), "Buy", None), key(None, Some("phone"), "Buy", None));
        assert_eq!(key(Some("alice"), Some("phone"), "Buy", None), key(Some("robin"), Some("phone"), "Buy", None));
        let all = [
            key(Some("alice"), None, "Buy", None),
            key(None, Some("alice"), "Buy", None),
            key(Some("alice"), None, "Sell", None),
            key(Some("alice"), None, "Buy", Some(("f", None))),
            key(Some("alice"), None, "Buy", Some(("f", Some("")))),
            key(Some("alice"), None, "Buy", Some(("f", Some("on")))),
            key(Some("alice"), None, "Buy", Some(("g", Some("on")))),
        ];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
