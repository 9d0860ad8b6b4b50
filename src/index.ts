/** The public entry for embedding a server in another program. Nothing else is public. */
export { type Config, ConfigError, readConfig } from './config.ts'
export { FhirError } from './fhir/error.ts'
export { createServer, type VidimusServer } from './server.ts'
