import { FhirError, issue } from '../fhir/error.ts'

/** 401: a proof that does not hold (RFC 6750, 3.1). `why` is a sentence, and quotes nothing of the proof. */
export const unproven = (why: string): FhirError =>
  new FhirError(401, issue('login', why), { 'WWW-Authenticate': 'Bearer realm="fhir", error="invalid_token"' })
