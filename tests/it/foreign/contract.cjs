// Judges our contract by programs that are not ours: ajv, the AsyncAPI project's own schema, and
// the CloudEvents library.
//
// Usage: contract.cjs NODE_MODULES SCHEMAS < lines
//
// Each line is a JSON object: {"event": …}, {"request": …}, {"manifest": …} or {"certificate": …}. The
// signature of a certificate is checked too. Prints what is wrong, one fault a line, and ends with 1;
// or prints how much was judged, and ends with 0.

"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const [modules, schemas] = process.argv.slice(2);
const load = (name) => require(path.join(modules, name));
const document = (name) => JSON.parse(fs.readFileSync(path.join(schemas, name), "utf8"));

const Ajv2020 = load("ajv/dist/2020.js").default;
const Ajv07 = load("ajv").default;
const addFormats = load("ajv-formats").default;
const { CloudEvent } = load("cloudevents");
const canonicalize = load("canonicalize");

const faults = [];

function judge(what, validator, value) {
  if (validator(value)) return;
  for (const error of validator.errors) {
    faults.push(`${what}: ${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  }
}

// Compiling checks a schema against the 2020-12 meta schema; strict refuses unknown keywords too.
const options = { allErrors: true, strict: true, strictTypes: false, strictRequired: false };
const ajv = addFormats(new Ajv2020(options));
const validators = {};
for (const name of ["request", "event", "manifest", "certificate"]) {
  const schema = document(`${name}.schema.json`);
  if (!ajv.validateSchema(schema)) faults.push(`${name}: ${ajv.errorsText()}`);
  validators[name] = ajv.compile(schema);
}

// The file without ids, because the other one brings the draft-07 meta schema along a second time.
const official = JSON.parse(
  fs.readFileSync(path.join(modules, "@asyncapi/specs/schemas/3.0.0-without-$id.json"), "utf8"),
);
const ajv07 = addFormats(new Ajv07({ allErrors: true, strict: false }));
judge("asyncapi", ajv07.compile(official), document("asyncapi.json"));

// RFC 8785 for what was signed, RFC 7515 for how, RFC 7638 for the name of the key.
function isSigned({ signature, ...rest }) {
  const [header, nothing, mac] = signature.jws.split(".");
  const payload = Buffer.from(canonicalize(rest), "utf8").toString("base64url");
  const key = crypto.createPublicKey(signature.public_key);
  const { crv, kty, x } = key.export({ format: "jwk" });
  const thumbprint = crypto.createHash("sha256").update(canonicalize({ crv, kty, x }));
  const { alg, kid } = JSON.parse(Buffer.from(header, "base64url"));
  const named = [kid, thumbprint.digest("base64url")].every((id) => id === signature.key_id);
  const input = Buffer.from(`${header}.${payload}`);
  const made = crypto.verify(null, input, key, Buffer.from(mac, "base64url"));
  return nothing === "" && alg === "EdDSA" && named && made;
}

const lines = fs.readFileSync(0, "utf8").split("\n").filter(Boolean);
lines.forEach((line, index) => {
  const { event, request, manifest, certificate } = JSON.parse(line);
  if (request !== undefined) {
    judge(`line ${index + 1}, request`, validators.request, request);
    return;
  }
  if (manifest !== undefined) {
    judge(`line ${index + 1}, manifest`, validators.manifest, manifest);
    return;
  }
  if (certificate !== undefined) {
    judge(`line ${index + 1}, certificate`, validators.certificate, certificate);
    if (!isSigned(certificate)) faults.push(`line ${index + 1}: the signature is wrong`);
    return;
  }
  judge(`line ${index + 1}, ${event.type}`, validators.event, event);
  try {
    // Strict is the default: the constructor refuses what CloudEvents 1.0 does not admit.
    const again = JSON.parse(JSON.stringify(new CloudEvent(event)));
    // It keeps three digits of a second.
    again.time = event.time;
    for (const key of Object.keys(event)) {
      if (JSON.stringify(again[key]) !== JSON.stringify(event[key])) {
        faults.push(`line ${index + 1}, ${event.type}: the library changes ${key}`);
      }
    }
  } catch (error) {
    faults.push(`line ${index + 1}, ${event.type}: ${error.message} ${JSON.stringify(error.errors)}`);
  }
});

if (faults.length > 0) {
  console.log(faults.join("\n"));
  process.exit(1);
}
console.log(`${lines.length} lines and 5 documents are as they should be`);
