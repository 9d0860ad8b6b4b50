/** A release of LOINC as a source of one large code system: terms, parts, answer lists, answers and groups are its concepts. */
import { basename } from 'node:path'
import { unprocessable } from '../../../fhir/error.ts'
import type { CodeSystem } from '../../../fhir/types.ts'
import type { SourceConcept, SourceItem } from '../../large-code-system/source-concept.ts'
import type { ReleaseFiles, VocabularySource } from '../source.ts'
import { readTable } from '../table.ts'
import { type AnswerLists, inSequence, linkAnswerLists, readAnswerLists } from './answer-lists.ts'
import { fragmentStore } from './fragments.ts'
import { groupConcepts, statusOf } from './groups.ts'
import { type Hierarchy, readHierarchy } from './hierarchy.ts'
import {
  readConsumerNames,
  readGroupTerms,
  readPartLinks,
  readSuccessors,
  readTranslation,
  type TermStore,
} from './links.ts'
import { type LoincFiles, loincFiles, measure, plainVersion, type Variant, versionInNames } from './loinc-files.ts'
import { type Part, type Parts, readParts } from './parts.ts'
import { declaredProperties, loincFilters, type Property } from './properties.ts'
import { isLater, readNumbers, readTerms, type TermNumbers, termConcept } from './terms.ts'

/** What is said of a release beside its files. */
export interface LoincOptions {
  /** e.g. `2.82`; `LOINC_2.82` is the same. */
  version?: string | undefined
}

/**
 * Opens a release of LOINC.
 * @throws FhirError 422 naming what is missing, the line that is wrong, or a version that the release cannot have
 */
export function loincSource(files: ReleaseFiles, { version: asked }: LoincOptions = {}): VocabularySource {
  const release = loincFiles(files)
  const numbers = readNumbers(files, release.names.terms)
  const version = versionOf(release, numbers, asked)
  const variants = variantsOf(release)
  const findings = [...release.findings, `LOINC ${version}: ${numbers.numberOf.size} terms`]
  return {
    kind: 'loinc',
    path: files.path,
    format: 'LOINC',
    ...measure(release),
    head: headOf(version),
    findings,
    items: (progress) => concepts({ release, numbers, variants, progress }),
  }
}

function versionOf(release: LoincFiles, { newest }: TermNumbers, asked: string | undefined): string {
  const told = asked === undefined ? versionInNames(release) : plainVersion(asked)
  const name = basename(release.files.path)
  if (told === undefined)
    throw unprocessable(
      `${name} does not say which release of LOINC it is: give --version, e.g. --version 2.82`,
      'required',
    )
  if (!/^\d\.\d{1,3}[a-z]?$/.test(told))
    throw unprocessable(`'${told.slice(0, 40)}' is no version of LOINC, e.g. 2.82`, 'value')
  if (isLater(newest, told))
    throw unprocessable(`${name} has terms of LOINC ${newest}: it is not ${told}`, 'business-rule')
  return told
}

/** Translations with their languages, by the list of variants, else by the names of the files. */
function variantsOf({ files, names, translations, findings }: LoincFiles): Variant[] {
  const languages = new Map<string, string>()
  if (names.variants !== undefined) {
    const name = names.variants
    const form = { separator: ',', required: ['ID', 'ISO_LANGUAGE', 'ISO_COUNTRY'] } as const
    for (const { of } of readTable({ name, chunks: files.chunks(name) }, form))
      languages.set(of.ID, of.ISO_COUNTRY === '' ? of.ISO_LANGUAGE : `${of.ISO_LANGUAGE}-${of.ISO_COUNTRY}`)
  }
  const missing = [...languages].filter(([number]) => !translations.has(number)).map(([, language]) => language)
  if (missing.length > 0) findings.push(`translations that are listed and not there: ${missing.sort().join(', ')}`)
  return [...translations]
    .map(([number, file]) => ({ file, language: languages.get(number) ?? languageInName(file) }))
    .sort((a, b) => (a.language < b.language ? -1 : 1))
}

function languageInName(file: string): string {
  const [, language = '', country = ''] = /([a-z]{2,3})([A-Z]{2})\d+LinguisticVariant\.csv$/.exec(file) ?? []
  return `${language}-${country}`
}

function headOf(version: string): CodeSystem {
  return {
    resourceType: 'CodeSystem',
    url: 'http://loinc.org',
    version,
    name: 'LOINC',
    title: `LOINC ${version}`,
    status: 'active',
    language: 'en-US',
    publisher: 'Regenstrief Institute, Inc.',
    copyright:
      'This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute, Inc. and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the license at http://loinc.org/license.',
    caseSensitive: false,
    valueSet: 'http://loinc.org/vs',
    hierarchyMeaning: 'is-a',
    content: 'not-present',
    filter: loincFilters,
    property: declaredProperties,
  }
}

interface Reading {
  release: LoincFiles
  numbers: TermNumbers
  variants: Variant[]
  progress(done: number): void
}

/** All concepts: terms in the order of their table, then parts, answer lists, answers and groups. */
function* concepts({ release, numbers, variants, progress }: Reading): Generator<SourceItem> {
  const { files, names } = release
  const isTerm = (number: string) => numbers.numberOf.has(number)
  const hierarchy = readHierarchy(files, names.hierarchy, isTerm)
  const parts = readParts(files, names.parts)
  const lists = readAnswerLists(files, names.answers)
  const fragments = fragmentStore(numbers.numberOf.size)
  let done = 0
  const read = (name: string) => {
    done += files.bytes(name)
    progress(done)
  }
  for (const name of [names.hierarchy, names.parts, names.answers]) read(name)
  try {
    const store: TermStore = { files, numberOf: numbers.numberOf, fragments }
    for (const name of [names.partLinks, names.furtherLinks]) {
      if (name === undefined) continue
      readPartLinks(store, name, parts)
      read(name)
    }
    linkAnswerLists({ files, name: names.answerLinks }, lists, isTerm, (number, list) => {
      fragments.add(numbers.numberOf.get(number) ?? 0, { property: [{ code: 'answer-list', valueCode: list }] })
    })
    read(names.answerLinks)
    for (const { name, lacking } of besideTerms(store, release, variants)) {
      read(name)
      if (lacking > 0)
        yield { line: 0, problem: `${name} has ${lacking} records of terms that the release lacks`, lost: false }
    }
    for (const row of readTerms(files, names.terms)) {
      const fragment = fragments.of(numbers.numberOf.get(row.of.LOINC_NUM) ?? 0)
      const parents = hierarchy.parentsOf(row.of.LOINC_NUM)
      yield termConcept(row, { fragment, parents, classNamed: parts.classNamed })
    }
    read(names.terms)
  } finally {
    fragments.close()
  }
  yield* partConcepts(parts, hierarchy)
  yield* listConcepts(lists)
  yield* groupConcepts(release)
}

/** Reads what a release may lack, table by table, with the number of records that are of no term. */
function* besideTerms(
  store: TermStore,
  { names }: LoincFiles,
  variants: Variant[],
): Generator<{ name: string; lacking: number }> {
  const { consumerNames, mapTo, groupTerms } = names
  if (consumerNames !== undefined) yield { name: consumerNames, lacking: readConsumerNames(store, consumerNames) }
  if (mapTo !== undefined) yield { name: mapTo, lacking: readSuccessors(store, mapTo) }
  if (groupTerms !== undefined) yield { name: groupTerms, lacking: readGroupTerms(store, groupTerms) }
  for (const each of variants) yield { name: each.file, lacking: readTranslation(store, each) }
}

/** Parts of the table, of links, and those that only the hierarchy has. */
function* partConcepts(parts: Parts, hierarchy: Hierarchy): Generator<SourceConcept> {
  for (const [code, part] of parts.all) yield partConcept(code, part, hierarchy.parentsOf(code))
  for (const [code, text] of hierarchy.texts) {
    if (!code.startsWith('LP') || parts.all.has(code)) continue
    yield { line: 0, code, display: text, parents: hierarchy.parentsOf(code) }
  }
}

function partConcept(code: string, { type, name, displayName, status }: Part, parents: string[]): SourceConcept {
  const use = { system: 'http://loinc.org', code: 'PartDisplayName', display: 'PartDisplayName' }
  const property: Property[] = [
    ...(type === '' ? [] : [{ code: 'PartTypeName', valueString: type }]),
    ...statusOf(status),
  ]
  const isOther = displayName !== '' && displayName !== name
  return {
    line: 0,
    code,
    display: name,
    parents,
    concept: { code, ...(isOther && { designation: [{ language: 'en-US', use, value: displayName }] }), property },
  }
}

function* listConcepts({ lists, answers }: AnswerLists): Generator<SourceConcept> {
  const codes = (code: string, values: Iterable<string>): Property[] =>
    [...values].map((valueCode) => ({ code, valueCode }))
  const texts = (pairs: [string, string][]): Property[] =>
    pairs.flatMap(([code, valueString]) => (valueString === '' ? [] : [{ code, valueString }]))
  for (const [code, list] of lists) {
    const property = [
      ...codes('Answer', inSequence(list)),
      ...codes('answers-for', list.terms),
      ...texts([
        ['AnswerListOID', list.oid],
        ['ExtDefinedYN', list.isExternal ? 'Y' : ''],
        ['ExtDefinedAnswerListCodeSystem', list.externalSystem],
        ['ExtDefinedAnswerListLink', list.externalLink],
      ]),
    ]
    yield { line: 0, code, display: list.name, parents: [], concept: { code, property } }
  }
  for (const [code, { text, description, lists: inLists }] of answers) {
    const definition = description === '' ? {} : { definition: description }
    const concept = { code, ...definition, property: codes('AnswerList', inLists) }
    yield { line: 0, code, display: text, parents: [], concept }
  }
}
