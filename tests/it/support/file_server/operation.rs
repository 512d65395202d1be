//! What a request asks for, read from its path, query and headers.

use percent_encoding::percent_decode_str;

use crate::support::blob_server::wire::Request;

/// The operations that are spoken, by their names in the published interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    ServiceGetProperties,
    ServiceListShares,
    ShareCreate,
    ShareGetProperties,
    ShareDelete,
    ShareCreateSnapshot,
    ShareCreatePermission,
    ShareGetPermission,
    DirectoryCreate,
    DirectoryGetProperties,
    DirectoryDelete,
    DirectorySetMetadata,
    DirectoryList,
    DirectoryListHandles,
    FileCreate,
    FileDownload,
    FileGetProperties,
    FileDelete,
    FileSetHttpHeaders,
    FileSetMetadata,
    FileLease,
    FileUploadRange,
    FileGetRangeList,
    FileRename,
    FileListHandles,
    FileForceCloseHandles,
    /// Nothing that is spoken here.
    Unknown,
}

/// Where a request goes: the account, a share, or something in it, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressed {
    pub share: String,
    pub path: String,
}

impl Operation {
    pub fn of(request: &Request, place: &Addressed) -> Self {
        let comp = request.query("comp").unwrap_or_default();
        let restype = request.query("restype").unwrap_or_default();
        let method = request.method.as_str();
        match (place.share.is_empty(), restype) {
            (true, "service") if method == "GET" && comp == "properties" => {
                Self::ServiceGetProperties
            }
            (true, "") if method == "GET" && comp == "list" => Self::ServiceListShares,
            (true, _) => Self::Unknown,
            (false, "share") if place.path.is_empty() => Self::of_share(method, comp),
            (false, "directory") => Self::of_directory(method, comp),
            (false, "") if !place.path.is_empty() => Self::of_file(method, comp),
            (false, "") if method == "GET" && comp == "listhandles" => Self::DirectoryListHandles,
            (false, _) => Self::Unknown,
        }
    }

    fn of_share(method: &str, comp: &str) -> Self {
        match (method, comp) {
            ("PUT", "") => Self::ShareCreate,
            ("GET" | "HEAD", "") => Self::ShareGetProperties,
            ("DELETE", "") => Self::ShareDelete,
            ("PUT", "snapshot") => Self::ShareCreateSnapshot,
            ("PUT", "filepermission") => Self::ShareCreatePermission,
            ("GET", "filepermission") => Self::ShareGetPermission,
            _ => Self::Unknown,
        }
    }

    fn of_directory(method: &str, comp: &str) -> Self {
        match (method, comp) {
            ("PUT", "") => Self::DirectoryCreate,
            ("GET" | "HEAD", "") => Self::DirectoryGetProperties,
            ("DELETE", "") => Self::DirectoryDelete,
            ("PUT", "metadata") => Self::DirectorySetMetadata,
            ("GET", "list") => Self::DirectoryList,
            _ => Self::Unknown,
        }
    }

    fn of_file(method: &str, comp: &str) -> Self {
        match (method, comp) {
            ("PUT", "") => Self::FileCreate,
            ("GET", "") => Self::FileDownload,
            ("HEAD", "") => Self::FileGetProperties,
            ("DELETE", "") => Self::FileDelete,
            ("PUT", "properties") => Self::FileSetHttpHeaders,
            ("PUT", "metadata") => Self::FileSetMetadata,
            ("PUT", "lease") => Self::FileLease,
            ("PUT", "range") => Self::FileUploadRange,
            ("GET", "rangelist") => Self::FileGetRangeList,
            ("PUT", "rename") => Self::FileRename,
            ("GET", "listhandles") => Self::FileListHandles,
            ("PUT", "forceclosehandles") => Self::FileForceCloseHandles,
            _ => Self::Unknown,
        }
    }
}

/// Where a path leads; `None` where its bytes are no text. Dots at the end of a part go unless they
/// are said to belong to it.
pub fn place(path: &str, keeps_dots: bool) -> Option<Addressed> {
    let mut segments = path.strip_prefix('/')?.splitn(3, '/').skip(1);
    let mut decoded = || {
        let segment = segments.next().unwrap_or_default();
        Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
    };
    let (share, path) = (decoded()?, decoded()?);
    let path = path.trim_end_matches('/');
    let parts = path.split('/').map(|part| match keeps_dots {
        true => part,
        false => part.trim_end_matches('.'),
    });
    Some(Addressed { share, path: parts.collect::<Vec<_>>().join("/") })
}

/// Where the request itself leads.
pub fn addressed(request: &Request) -> Option<Addressed> {
    place(&request.path, request.header("x-ms-allow-trailing-dot") == Some("true"))
}

/// First and last byte of `bytes=1-2` or `bytes=1-`.
pub fn range(text: &str) -> Option<(usize, usize)> {
    let (start, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = if end.is_empty() { usize::MAX } else { end.parse().ok()? };
    Some((start.parse().ok()?, end))
}

/// Whether a character is one that Linux puts into a name on a mounted share for one that Windows
/// has not: `\u{f022}` is its `:`. This interface takes none of them.
pub fn is_private(c: char) -> bool {
    ('\u{f000}'..='\u{f0ff}').contains(&c)
}

/// Whether a path is longer than a request can say: programs on a mounted share can make such.
pub fn is_too_long(path: &str) -> bool {
    path.encode_utf16().count() > 2048
}

/// Whether the service takes a path: no part is empty or longer than 255, none is made of one or
/// two dots, and none has a character that Windows has not.
pub fn is_path(path: &str) -> bool {
    let is_part = |part: &str| {
        let is_character = |c: char| c >= ' ' && !"\"\\:|<>*?".contains(c) && !is_private(c);
        let length = part.encode_utf16().count();
        (1..=255).contains(&length) && part.chars().all(is_character) && !matches!(part, "." | "..")
    };
    !is_too_long(path) && path.split('/').count() <= 250 && path.split('/').all(is_part)
}
