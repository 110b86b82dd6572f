//! Links that the object store checks itself: URLs that this server signs with its credentials
//! (AWS Signature Version 4), so that bytes do not pass through it.

use std::time::Duration;

use http::Method;
use object_store::signer::{SignedUrlOptions, Signer};
use url::Url;

use super::{CONTENTS, S3, UPLOADS};
use crate::blobs::BlobName;
use crate::error::{Error, Result};

/// How the store is to show a content to who fetches it.
#[derive(Debug, Clone)]
pub struct ShownAs {
    /// `content-type`
    pub media_type: String,
    /// `content-disposition`
    pub disposition: String,
}

impl S3 {
    /// Takes an upload by PUT.
    pub(in crate::blobs) async fn upload_link(
        &self,
        name: BlobName<'_>,
        lifetime: Duration,
    ) -> Result<Url> {
        let place = self.place(UPLOADS, name)?;
        let signed = self.signer.signed_url(Method::PUT, &place, lifetime).await;
        signed.map_err(|cause| Error::internal(format!("no link to the bucket: {cause}")))
    }

    /// Gives a content by GET.
    pub(in crate::blobs) async fn read_link(
        &self,
        name: BlobName<'_>,
        shown: ShownAs,
        lifetime: Duration,
    ) -> Result<Url> {
        let place = self.place(CONTENTS, name)?;
        let ShownAs {
            media_type,
            disposition,
        } = shown;
        let options = SignedUrlOptions::new().with_query([
            ("response-content-disposition", disposition),
            ("response-content-type", media_type),
        ]);
        let signed = self
            .signer
            .signed_url_opts(Method::GET, &place, lifetime, &options)
            .await;
        signed.map_err(|cause| Error::internal(format!("no link to the bucket: {cause}")))
    }

    /// The project and the name of the content that a URL leads to, whether or not it opens it.
    pub(in crate::blobs) fn named_in(&self, url: &Url) -> Option<(String, String)> {
        let path = url.path().strip_prefix('/')?;
        let path = match self.base.path().trim_matches('/') {
            "" => path,
            bucket => path.strip_prefix(bucket)?.strip_prefix('/')?,
        };
        if url.origin() != self.base.origin() {
            return None;
        }
        let rest = path.strip_prefix(&format!("{}/{CONTENTS}/", self.prefix))?;
        let (project, blob) = rest.split_once('/')?;
        Some((project.to_owned(), blob.to_owned()))
    }

    /// Whether the store lets in who comes by this URL, which leads to one of its contents.
    pub(in crate::blobs) async fn admits(&self, url: &Url) -> Result<bool> {
        self.http.admits(url).await
    }
}
