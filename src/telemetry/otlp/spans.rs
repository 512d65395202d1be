//! Pieces of work as spans.

use jiff::Timestamp;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use crate::telemetry::otlp::resource::{Teller, attribute_of, scope};
use crate::telemetry::traces::{Context, Fact, Piece, Value, Way};

/// `ExportTraceServiceRequest`: what is posted to `/v1/traces`.
pub fn encoded(teller: &Teller, pieces: &[Piece]) -> Vec<u8> {
    let spans = ScopeSpans {
        scope: Some(scope()),
        spans: pieces.iter().map(span).collect(),
        ..ScopeSpans::default()
    };
    let all = ResourceSpans {
        resource: Some(teller.resource()),
        scope_spans: vec![spans],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest { resource_spans: vec![all] }.encode_to_vec()
}

/// How many spans a collector refused of those that it took. What it says beside is not ours.
pub fn refused(answer: &[u8]) -> u64 {
    let answer = ExportTraceServiceResponse::decode(answer).ok();
    let refused = answer.and_then(|answer| answer.partial_success).map(|it| it.rejected_spans);
    refused.and_then(|count| u64::try_from(count).ok()).unwrap_or_default()
}

/// Nanoseconds since 1970.
pub fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

/// Of all that is told, the flag of W3C Trace Context says so; beside it stands that it is known
/// whether what it hangs on, or points to, is of another process, and that it may be.
const FLAGS: u32 = 0x301;

fn span(piece: &Piece) -> Span {
    let kind = match piece.way {
        Way::Inside => SpanKind::Internal,
        Way::In => SpanKind::Consumer,
        Way::Out => SpanKind::Producer,
    };
    Span {
        trace_id: piece.context.trace.into(),
        span_id: piece.context.span.into(),
        parent_span_id: piece.parent.map(Vec::from).unwrap_or_default(),
        flags: FLAGS,
        name: piece.name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: nanos(piece.began),
        end_time_unix_nano: nanos(piece.ended),
        attributes: piece.facts.iter().map(|(fact, value)| said(*fact, value)).collect(),
        links: piece.links.iter().map(link).collect(),
        status: piece.failure.map(|_| {
            let code = StatusCode::Error.into();
            Status { code, ..Status::default() }
        }),
        ..Span::default()
    }
}

fn said(fact: Fact, value: &Value) -> opentelemetry_proto::tonic::common::v1::KeyValue {
    let value = match value {
        Value::Word(word) => any_value::Value::StringValue((*word).to_owned()),
        Value::Name(name) => any_value::Value::StringValue(name.clone()),
        Value::Count(count) => {
            any_value::Value::IntValue(i64::try_from(*count).unwrap_or(i64::MAX))
        }
    };
    attribute_of(fact.name(), value)
}

fn link(to: &Context) -> Link {
    let (trace_id, span_id) = (to.trace.into(), to.span.into());
    Link { trace_id, span_id, flags: FLAGS, ..Link::default() }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn what_a_collector_refuses_is_counted_whatever_it_says() {
        let partly = ExportTracePartialSuccess { rejected_spans: 3, error_message: "x".into() };
        let answer = ExportTraceServiceResponse { partial_success: Some(partly) };
        assert_eq!(refused(&answer.encode_to_vec()), 3);
        assert_eq!((refused(b""), refused(b"{}"), refused(&[0xff; 9])), (0, 0, 0));
    }
}
