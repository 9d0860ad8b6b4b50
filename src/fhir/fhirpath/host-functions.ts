/** What the host answers for an expression; without one of them, calling that function is a FhirError 422. */
export interface FhirPathFunctions {
  /** Is the string, Coding or CodeableConcept in the value set? Undefined gives an empty result. */
  memberOf?(value: unknown, valueSet: string): boolean | undefined
  /** Does the resource or element conform to the profile? */
  conformsTo?(value: unknown, profile: string): boolean | undefined
  /** Does the first Coding or CodeableConcept subsume the second? `subsumedBy` asks with the two swapped. */
  subsumes?(ancestor: unknown, descendant: unknown): boolean | undefined
  /** Target of a reference that is not inside the instance; contained, Bundle and relative ones are found before. */
  resolve?(reference: string): unknown
  /** Clock for `now()`, `today()` and `timeOfDay()` when the call brings none. */
  now?(): Date
  /** Receives `trace()` output: may be personal data, never to be logged. */
  trace?(label: string, values: unknown[]): void
}
