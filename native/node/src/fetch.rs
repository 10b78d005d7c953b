//! Small documents over plain HTTP, from and to the services beside the nodes.
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;

/// Whatever stands between, and answers that are no success.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Most bytes of an answer.
const MOST: usize = 1 << 20;

/// What a server answered.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, at most 1 MiB.
    pub body: Vec<u8>,
}

/// Fetches a document.
///
/// # Errors
/// [`FetchError`].
pub async fn get(url: &str) -> Result<Vec<u8>, FetchError> {
    succeeded(call(url, "GET", None, Bytes::new()).await?)
}

/// Posts a JSON document and returns the answer.
///
/// # Errors
/// [`FetchError`].
pub async fn post(url: &str, document: &serde_json::Value) -> Result<Vec<u8>, FetchError> {
    succeeded(call(url, "POST", None, document.to_string().into()).await?)
}

/// Fetches with one more header, and leaves it to the caller what a status means.
///
/// # Errors
/// [`FetchError`] where no answer came.
pub async fn get_with(url: &str, header: (&str, &str)) -> Result<Answer, FetchError> {
    call(url, "GET", Some(header), Bytes::new()).await
}

fn succeeded(answer: Answer) -> Result<Vec<u8>, FetchError> {
    if (200..300).contains(&answer.status) {
        Ok(answer.body)
    } else {
        Err(format!("status {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into())
    }
}

async fn call(url: &str, method: &str, header: Option<(&str, &str)>, body: Bytes) -> Result<Answer, FetchError> {
    let uri: http::Uri = url.parse()?;
    let host = uri.host().ok_or("the address has no host")?.to_owned();
    let stream = tokio::net::TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let mut request = Request::builder().method(method).uri(path).header("host", host);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = sender.send_request(request.header("content-type", "application/json").body(Full::new(body))?).await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MOST).collect().await?.to_bytes().to_vec();
    connection.abort();
    Ok(Answer { status, body })
}
