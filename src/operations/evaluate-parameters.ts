import { input, output } from '../fhir/declare-parameter.ts'
import type { ParameterDeclaration } from '../fhir/operation.ts'

/** What `$evaluate` answers. */
const answer: ParameterDeclaration[] = [
  output('decision', 'code', 'accepted, rejected, undetermined or unverified.', '1..1'),
  output('status', 'code', 'VERIFIED, or the first thing that is wrong.', '1..1'),
  output('format', 'code', 'Format of the credential.'),
  output(
    'issuer',
    [
      output('name', 'string', 'Name of the issuer.'),
      output('participant', 'code', 'Participant of the network, by its code.'),
      output('keyId', 'string', 'Key that signed.'),
      output('trustDomain', 'code', 'GDHCN trust domain for which the key is trusted.'),
      output('keyUsage', 'code', 'What the key may sign.'),
      output('trustList', 'string', 'List that vouched for the key.'),
    ],
    'Who issued it, and which list vouched for the key.',
  ),
  output(
    'check',
    [
      output('name', 'code', 'Step of the verification.', '1..1'),
      output('outcome', 'code', 'How it ended.', '1..1'),
      output('detail', 'string', 'What was found.'),
    ],
    'One per step.',
    '0..*',
  ),
  output(
    'subject',
    [
      output('name', 'string', 'Name, as the credential has it.'),
      output('birthDate', 'string', 'Date of birth, as precise as the credential has it.'),
      output('identifier', 'string', 'Number of an identity document.'),
    ],
    'Whom to compare with an identity document.',
  ),
  output('identity', 'code', 'How the person agrees with the identity document: match, close or differs.'),
  output('coreDataSet', 'Binary', 'DDCC core data set (application/json), one per certified event.', '0..*'),
  output('content', 'Bundle', 'The FHIR resources that the rules ran over.'),
  output(
    'rule',
    [
      output('planDefinition', 'canonical', 'Rule set.'),
      output('action', 'string', 'Action of the rule set.'),
      output('library', 'canonical', 'Library of the rule.'),
      output('expression', 'string', 'Define of the library.'),
      output('result', 'boolean', 'Absent when the rule has no answer.'),
      output('informative', 'boolean', 'True: the rule informs, and the decision does not rest on it.'),
      output('message', 'string', 'What the rule says to a person.'),
      output(
        'evidence',
        [
          output('name', 'string', 'Name of the value.', '1..1'),
          output(
            'value',
            'Any',
            'A primitive value, or parts for a list (element) and an object (its members).',
            '1..1',
          ),
          output('text', 'string', 'What a sub-expression gave, as a sentence.'),
          output('place', 'string', 'Where it stands: library, line and column.'),
          output('evidence', 'Any', 'What that was decided by: parts as of the evidence around it.', '0..*'),
        ],
        'What it was decided by.',
        '0..*',
      ),
    ],
    'One per rule.',
    '0..*',
  ),
  output('structureMap', 'canonical', 'Maps that made the content, with their versions.', '0..*'),
  output('valueSet', 'canonical', 'Value sets that the rules asked, with their versions.', '0..*'),
  output(
    'artefact',
    [
      output('type', 'code', 'PlanDefinition, Library, StructureMap or ValueSet.', '1..1'),
      output('canonical', 'canonical', 'The stored artefact, with its version.', '1..1'),
      output('hash', 'string', 'SHA-256 of its content: the same hash is the same content.', '1..1'),
    ],
    'What the answer was made with.',
    '0..*',
  ),
  output('manifest', 'canonical', 'The manifest that counted, with its version.'),
  output('evaluationDateTime', 'dateTime', 'The clock of every time check.', '1..1'),
  output('outcome', 'OperationOutcome', 'Warnings, and the error behind a failure.'),
  output(
    'linked',
    [
      output('contentType', 'code', 'Media type of the file.', '1..1'),
      output('evaluation', 'Parameters', 'A whole reply, when the file is itself a credential.'),
      output('content', 'Bundle', 'Its resources, when it is a Bundle.'),
    ],
    'One per file behind a health link.',
    '0..*',
  ),
  output('evaluation', 'Parameters', 'One per credential, when there are several.', '0..*'),
]

/** What `$evaluate` is asked and answers (docs/evaluate.md). */
export const evaluateParameters: ParameterDeclaration[] = [
  input('url', 'uri', 'At type level: canonical of the PlanDefinition to evaluate.', { scope: ['type'] }),
  { ...input('credential', 'string', 'The text of the code exactly as scanned.'), personal: true },
  input('credentialPart', 'string', 'Further chunks of a chunked SMART Health Card, any order.', {
    cardinality: '0..*',
    personal: true,
  }),
  input('credentialData', 'base64Binary', 'Raw transport instead of a text: COSE_Sign1 or CWT bytes, plain or zlib.', {
    personal: true,
  }),
  {
    ...input('credentialImage', 'Attachment', 'A picture (PNG, JPEG, WebP) or PDF with the codes on it, instead.'),
    personal: true,
  },
  input(
    'furtherCredential',
    [
      input('credential', 'string', 'The text of the code exactly as scanned.'),
      input('credentialPart', 'string', 'Further chunks of a chunked SMART Health Card, any order.', '0..*'),
      input('credentialData', 'base64Binary', 'Raw transport instead of a text.'),
    ],
    'More credentials of the same person: the rules run once over all of their events.',
    { cardinality: '0..*', personal: true },
  ),
  input(
    'identity',
    [
      input('name', 'string', 'Name on the identity document.'),
      input('birthDate', 'date', 'Date of birth on the identity document.'),
      input('mrz', 'string', 'Its machine-readable zone (ICAO Doc 9303), with or without line ends.'),
    ],
    'The identity document to compare with; never stored.',
    { personal: true },
  ),
  input('followLinks', 'boolean', 'Fetch what a health link points to, where the server may.'),
  input('passcode', 'string', 'Opens a health link that asks for one.', { personal: true }),
  input('recipient', 'string', 'Who receives what is behind a health link.', { personal: true }),
  input('evaluationDateTime', 'dateTime', "The clock of every time check; default the server's clock."),
  input('asOf', 'instant', 'Answer as the server would have at that moment; also the default clock.'),
  input('planDefinition', 'canonical', 'Which rules to run; default: every active one that applies.', '0..*'),
  input('library', 'canonical', 'Rule libraries to run directly.', '0..*'),
  input('expression', 'string', 'Which defines of `library` to report.', '0..*'),
  input('jurisdiction', 'code', 'The verifying jurisdiction, ISO 3166-1.'),
  input('useContext', 'UsageContext', 'What the verdict is for: a code of the CodeSystem verdict-use.', '0..*'),
  input('trustDomain', 'code', 'Restrict trusted keys to these GDHCN domains.', '0..*'),
  input('parameters', 'Parameters', 'CQL parameters.'),
  input('manifest', 'canonical', 'Manifest (Library of the type asset-collection) whose versions alone count.'),
  input('structureMap', 'canonical', 'Override of the map chain of the format.', '0..*'),
  input('trustAnchor', 'base64Binary', 'Key trusted for this request alone, when the server allows it.', '0..*'),
  ...answer,
]
