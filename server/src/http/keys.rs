//! Keys as extractors: a handler that names [`Admin`] or [`Caller`] is reached only with such a key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use tokio::time::sleep;

use super::refusal::Refusal;
use crate::app::{App, Project};
use crate::clock;
use crate::evaluation::flag_snapshot::Deployment;
use crate::key::Key;

/// `Authorization: Bearer <admin key>`: the project that the key administers.
pub struct Admin(pub Arc<Project>);

/// The fingerprint of the key that a request of an admin carries, for records. It does not say whether the key is one.
pub struct AdminKeyFingerprint(pub String);

/// `Authorization: Api-Key <deployment key>`: the deployment of the key, and its project.
pub struct Caller {
    pub project: Arc<Project>,
    pub deployment: Arc<Deployment>,
}

/// How the key of an admin is sent, and that of a deployment.
const OF_ADMIN: &str = "Bearer";
const OF_DEPLOYMENT: &str = "Api-Key";

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let secret = credential(&parts.headers, OF_ADMIN)?;
        if let Some(project) = app.administered(secret) {
            return Ok(Self(project));
        }
        let (wait, is_first) = app.wrong_keys.came(clock::mono());
        if is_first {
            tracing::warn!("many wrong admin keys were sent: their refusals take up to a second from now on");
        }
        sleep(wait).await;
        Err(Refusal::Unauthorized(OF_ADMIN))
    }
}

impl FromRequestParts<Arc<App>> for AdminKeyFingerprint {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _app: &Arc<App>) -> Result<Self, Refusal> {
        credential(&parts.headers, OF_ADMIN).map(|secret| Self(Key::of(secret).fingerprint()))
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let found = app.deployment(credential(&parts.headers, OF_DEPLOYMENT)?);
        found.map(|(project, deployment)| Self { project, deployment }).ok_or(Refusal::Unauthorized(OF_DEPLOYMENT))
    }
}

fn credential<'a>(headers: &'a HeaderMap, scheme: &'static str) -> Result<&'a str, Refusal> {
    let refused = Refusal::Unauthorized(scheme);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    // Of two, a proxy before us may have looked at the other one.
    let (Some(value), None) = (values.next(), values.next()) else { return Err(refused) };
    let value = value.to_str().map_err(|_| refused)?;
    let (given, secret) = value.split_once(' ').ok_or(refused)?;
    // Schemes are compared without case by RFC 9110.
    if given.eq_ignore_ascii_case(scheme) { Ok(secret.trim()) } else { Err(refused) }
}
