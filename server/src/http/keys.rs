//! Keys as extractors: a handler that names [`Admin`] or [`Caller`] is reached only with such a key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::refusal::Refusal;
use crate::app::{App, Project};
use crate::evaluation::flag_snapshot::Deployment;

/// `Authorization: Bearer <admin key>`: the project that the key administers.
pub struct Admin(pub Arc<Project>);

/// `Authorization: Api-Key <deployment key>`: the deployment of the key, and its project.
pub struct Caller {
    pub project: Arc<Project>,
    pub deployment: Arc<Deployment>,
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        app.administered(credential(&parts.headers, "Bearer")?).map(Self).ok_or(Refusal::Unauthorized)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let found = app.deployment(credential(&parts.headers, "Api-Key")?);
        found.map(|(project, deployment)| Self { project, deployment }).ok_or(Refusal::Unauthorized)
    }
}

fn credential<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    // Of two, a proxy before us may have looked at the other one.
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refusal::Unauthorized) };
    let value = value.to_str().map_err(|_| Refusal::Unauthorized)?;
    let (given, secret) = value.split_once(' ').ok_or(Refusal::Unauthorized)?;
    // Schemes are compared without case by RFC 9110.
    if given.eq_ignore_ascii_case(scheme) { Ok(secret.trim()) } else { Err(Refusal::Unauthorized) }
}
