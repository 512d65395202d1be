//! Who tells: what goes with all that a daemon sends to a collector.

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// A daemon.
#[derive(Clone, Debug)]
pub struct Teller {
    /// `source` of its deployment's events.
    pub deployment: String,
    /// Which of the daemons, from its start to its end.
    pub instance: String,
}

impl Teller {
    /// Its attributes, by the names that OpenTelemetry has for them.
    pub fn resource(&self) -> Resource {
        let attributes = [
            ("service.name", "dsrd"),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("service.instance.id", &self.instance),
            ("dsrd.deployment", &self.deployment),
        ];
        let attributes = attributes.map(|(name, text)| attribute(name, text.to_owned()));
        Resource { attributes: attributes.into(), ..Resource::default() }
    }
}

/// The part of the program that tells: all of it.
pub fn scope() -> InstrumentationScope {
    let (name, version) = ("dsrd".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    InstrumentationScope { name, version, ..InstrumentationScope::default() }
}

/// An attribute that is a text.
pub fn attribute(name: &str, text: String) -> KeyValue {
    attribute_of(name, any_value::Value::StringValue(text))
}

/// An attribute.
pub fn attribute_of(name: &str, value: any_value::Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: name.to_owned(), value, ..KeyValue::default() }
}
