/** What a rule or a map begins with. */
import type { Draft } from './artefacts.ts'
import { mapDraft } from './artefacts.ts'
import { artefactId } from './header.ts'

/** What somebody is asked before a text begins. */
export interface Beginning {
  /** One word that begins with a capital: `EntryVaccination`. */
  name: string
  /** Address below which it is called, without a slash at its end. */
  canonical: string
  /** Whose rule it is (ISO 3166-1); empty = everybody's. */
  jurisdiction: string
}

/** Whether a name may be that of a library or map. */
export const isName = (name: string): boolean => /^[A-Z][A-Za-z0-9]{0,59}$/.test(name)
/** Whether an address may be the base of canonicals. */
export const isBase = (base: string): boolean => /^https?:\/\/[^\s"|{}\\]+$/.test(base)

const wordsOf = (name: string) => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')

/** A rule to begin with: a vaccination that was given some days ago or longer, and the rule set that offers it. */
export function newRule(beginning: Beginning): Draft {
  const cql = ruleText(beginning)
  const plan = `${JSON.stringify(planOf(beginning), null, 2)}\n`
  const { name, canonical } = beginning
  const url = `${canonical}/Library/${name}`
  return {
    kind: 'rule',
    parts: [
      {
        key: 'library',
        type: 'Library',
        language: 'cql',
        text: cql,
        kept: '',
        resource: {
          resourceType: 'Library',
          url,
          name,
          title: wordsOf(name),
          status: 'active',
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
        },
      },
      { key: 'plan-0', type: 'PlanDefinition', language: 'json', text: plan, kept: '' },
    ],
  }
}

const ruleText = ({
  name,
}: Beginning) => `// A rule to begin with: a vaccination whose day is known, given some days ago or longer. What the certificate does not
// tell makes the answer null, and the verdict "undetermined": nothing is guessed.
library ${name} version '0.1.0'

using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers

// Days that must have passed since the vaccination.
parameter "Days Since Dose" Integer default 14

context Patient

// Of a vaccination whose month alone is known, "enough" is true or false where every day of it gives the same answer, else null.
define "Vaccinations":
  [Immunization] I
    let Given: date from (I.occurrence as FHIR.dateTime).value
    return all Tuple {
      given: Given,
      enough: difference in days between Given and Today() >= "Days Since Dose"
    }

define "${wordsOf(name)}":
  if exists ("Vaccinations" V where V.enough) then true
  else if exists ("Vaccinations" V where V.enough is null) then null
  else false

// What is told as evidence.
define "${wordsOf(name)} Reasons":
  "Vaccinations"

// What a person is told is missing where the answer is null.
define "${wordsOf(name)} Missing":
  "Vaccinations" V where V.enough is null return 'the day of a vaccination is not known'
`

function planOf({ name, canonical, jurisdiction }: Beginning): object {
  const title = wordsOf(name)
  const id = artefactId(name, undefined)
  const usage = 'http://terminology.hl7.org/CodeSystem/usage-context-type'
  return {
    resourceType: 'PlanDefinition',
    id: `${id}-0.1.0`,
    url: `${canonical}/PlanDefinition/${id}`,
    version: '0.1.0',
    name: `${name}Rule`,
    title,
    status: 'active',
    experimental: true,
    type: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }],
    },
    ...(jurisdiction && { jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: jurisdiction }] }] }),
    useContext: [
      {
        code: { system: usage, code: 'focus' },
        valueCodeableConcept: {
          coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/certificate-kind', code: 'vaccination' }],
        },
      },
    ],
    library: [`${canonical}/Library/${name}|0.1.0`],
    action: [
      {
        title,
        textEquivalent: 'The certificate does not show a vaccination of two weeks ago or longer.',
        condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: title } }],
      },
    ],
  }
}

/** A map to begin with: names of a card become those of a Patient. */
export function newMap({ name, canonical }: Beginning): Draft {
  const text = `/// version = '0.1.0'
/// status = 'active'
map "${canonical}/StructureMap/${name}" = ${name}

uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target

// From { "surname": "Specimen", "given": ["Ada"], "born": "1985-03-14" } to a Patient.
group ${name}(source card, target patient : Patient) {
  card.surname as surname -> patient.name as name then {
    card -> name.family = surname "family";
    card.given as given -> name.given = given "given";
  } "name";
  card.born as born -> patient.birthDate = born "birthDate";
}
`
  const draft = mapDraft(text)
  return { ...draft, parts: draft.parts.map((part) => ({ ...part, kept: '' })) }
}
