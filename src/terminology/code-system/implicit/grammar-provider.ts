import type { CodeSystemHead, CodeSystemProvider, Ref } from '../code-system.ts'
import { codeSelection } from '../selection.ts'
import { words } from '../text-index.ts'
import type { Grammar } from './implicit-system.ts'

/** A provider over a grammar: any well-formed code is a concept, and the concept is the code itself. */
export function grammarProvider(grammar: Grammar): CodeSystemProvider {
  const head: CodeSystemHead = {
    url: grammar.url,
    name: grammar.name,
    status: 'active',
    experimental: false,
    content: 'complete',
    caseSensitive: grammar.caseSensitive,
    properties: new Map((grammar.propertyCodes ?? []).map((code) => [code, { type: 'code' }])),
    unbounded: {
      basedOn: grammar.listed.canonical,
      ...(grammar.listed.definition && { definition: grammar.listed.definition }),
    },
    supplements: [],
  }
  if (grammar.version) head.version = grammar.version
  if (grammar.language) head.language = grammar.language
  const text = (ref: Ref) => String(ref)
  const isCode = (code: string) => grammar.normalize(code) !== undefined
  const textsOf = (code: string) => [
    code,
    grammar.display(code),
    ...(grammar.designations?.(code) ?? []).map((each) => each.value),
  ]
  return {
    head,
    all: codeSelection(grammar.listed.codes, isCode),
    hierarchical: false,
    hasInactive: false,
    locate: (code) => grammar.normalize(code),
    code: text,
    display: (ref) => grammar.display(text(ref)),
    definition: () => undefined,
    designations: (ref) => grammar.designations?.(text(ref)) ?? [],
    properties: (ref) =>
      (grammar.properties?.(text(ref)) ?? []).map((each) => ({
        code: each.code,
        member: 'valueCode',
        value: each.value,
      })),
    extensions: () => [],
    isInactive: () => false,
    isAbstract: () => false,
    status: () => undefined,
    parents: () => [],
    children: () => [],
    subsumes: (ancestor, descendant) => ancestor === descendant,
    descendants: (ref) => codeSelection([text(ref)], (code) => code === ref),
    hasProperty: (code) => grammar.propertyCodes?.includes(code) === true,
    search: (wanted) => {
      const prefixes = words(wanted)
      const matches = (code: string) => {
        const own = textsOf(code).flatMap(words)
        return prefixes.every((prefix) => own.some((word) => word.startsWith(prefix)))
      }
      return codeSelection(grammar.listed.codes.filter(matches), (code) => isCode(code) && matches(code))
    },
    ...(grammar.filter && { filter: grammar.filter }),
    ...(grammar.translate && { translate: (ref: Ref, language: string) => grammar.translate?.(text(ref), language) }),
  }
}
