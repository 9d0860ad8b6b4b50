/**
 * FHIR R4 (4.0.1) types as the server sees them. Everything is plain JSON in the FHIR JSON format
 * (https://hl7.org/fhir/R4/json.html); nothing here has behaviour.
 */
import type {
  FhirResource,
  OperationOutcomeIssue as R4Issue,
  Parameters as R4Parameters,
  ParametersParameter as R4ParametersParameter,
} from 'fhir/r4.js'

export type {
  ActivityDefinition,
  Basic,
  Binary,
  Bundle,
  BundleEntry,
  CapabilityStatement,
  CodeableConcept,
  CodeSystem,
  CodeSystemConcept,
  Coding,
  ConceptMap,
  DataRequirement,
  Endpoint,
  Extension,
  Library,
  NamingSystem,
  OperationDefinition,
  OperationOutcome,
  ParameterDefinition,
  Period,
  PlanDefinition,
  Provenance,
  Reference,
  StructureDefinition,
  StructureMap,
  TerminologyCapabilitiesCodeSystemVersion,
  UsageContext,
  ValueSet,
} from 'fhir/r4.js'

/** Any R4 resource. */
export type Resource = FhirResource
/** Parameters resource, the body of every operation. */
export type Parameters = R4Parameters
/** One entry of a Parameters resource. */
export type Parameter = R4ParametersParameter
/** One issue of an OperationOutcome. */
export type Issue = R4Issue
