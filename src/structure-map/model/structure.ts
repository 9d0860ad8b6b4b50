import type { StructureMap } from '../../fhir/types.ts'

/** Elements of StructureMap under short names (https://hl7.org/fhir/R4/structuremap.html). */
export type Group = StructureMap['group'][number]
export type Rule = Group['rule'][number]
export type RuleSource = Rule['source'][number]
export type RuleTarget = NonNullable<Rule['target']>[number]
export type Dependent = NonNullable<Rule['dependent']>[number]
export type Argument = NonNullable<RuleTarget['parameter']>[number]
export type Structure = NonNullable<StructureMap['structure']>[number]

/** Variable name that marks the short form `src.a -> tgt.b;`, the same that the Java engine writes. */
export const SHORT_FORM = 'vvv'

/** The transforms of R4 (https://hl7.org/fhir/R4/valueset-map-transform.html). */
export const TRANSFORMS = [
  'create',
  'copy',
  'truncate',
  'escape',
  'cast',
  'append',
  'translate',
  'reference',
  'dateOp',
  'uuid',
  'pointer',
  'evaluate',
  'cc',
  'c',
  'qty',
  'id',
  'cp',
] as const
/** Name of a transform. */
export type Transform = (typeof TRANSFORMS)[number]

/** Whether a rule is the short form: one source element, one target element, everything else left to the engine. */
export function isShortForm(rule: Rule): boolean {
  const [source, ...sources] = rule.source
  const [target, ...targets] = rule.target ?? []
  return (
    sources.length === 0 &&
    targets.length === 0 &&
    source?.element !== undefined &&
    target?.element !== undefined &&
    source.variable === SHORT_FORM &&
    target.variable === SHORT_FORM &&
    target.transform === 'create' &&
    !target.parameter?.length &&
    !rule.rule?.length &&
    !rule.dependent?.length
  )
}

/** The name a rule has when it is given none: source element and type; undefined when it needs a name of its own. */
export function defaultRuleName(rule: Rule): string | undefined {
  const [source, ...others] = rule.source
  if (!source?.element || others.length > 0) return undefined
  const type = source.type ?? ''
  return source.element + type.charAt(0).toUpperCase() + type.slice(1)
}

/** Splits an element that is a path; a single name that merely contains a dot stays whole. */
export function elementPath(element: string): string[] {
  const parts = element.split('.')
  return parts.every((part) => /^[A-Za-z_]\w*$/.test(part)) ? parts : [element]
}
