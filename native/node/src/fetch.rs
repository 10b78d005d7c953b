//! Small documents over plain HTTP, from and to the services beside the nodes.
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;

/// Whatever stands between, and answers that are no success.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Most bytes of an answer.
const MOST: usize = 1 << 20;

/// Fetches a document.
///
/// # Errors
/// [`FetchError`].
pub async fn get(url: &str) -> Result<Vec<u8>, FetchError> {
    call(url, "GET", Bytes::new()).await
}

/// Posts a JSON document and returns the answer.
///
/// # Errors
/// [`FetchError`].
pub async fn post(url: &str, document: &serde_json::Value) -> Result<Vec<u8>, FetchError> {
    call(url, "POST", document.to_string().into()).await
}

async fn call(url: &str, method: &str, body: Bytes) -> Result<Vec<u8>, FetchError> {
    let uri: http::Uri = url.parse()?;
    let host = uri.host().ok_or("the address has no host")?.to_owned();
    let stream = tokio::net::TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let request = Request::builder().method(method).uri(path).header("host", host);
    let answer = sender.send_request(request.header("content-type", "application/json").body(Full::new(body))?).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MOST).collect().await?.to_bytes().to_vec();
    connection.abort();
    if status.is_success() {
        Ok(body)
    } else {
        Err(format!("status {status}: {}", String::from_utf8_lossy(&body)).into())
    }
}
