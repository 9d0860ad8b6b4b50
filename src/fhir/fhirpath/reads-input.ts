import type { SyntaxNode } from './rewrite.ts'

/** Functions that say something without an input. */
const ofNothing = new Set(['now', 'today', 'timeOfDay'])
/** Functions whose arguments are read against the items that they are called on, or name types. */
const ofItems = new Set(['where', 'select', 'exists', 'all', 'repeat', 'ofType', 'is', 'as'])
/** What the input is called unless the caller says otherwise. */
const inputNames = new Set(['context', 'resource', 'rootResource'])

/**
 * Whether an expression looks at its input anywhere: by a path that starts there (FHIRPath 2.0, 3 Path selection) – a name, `$this`, a
 * function of the input such as `exists()` –, or by one of the variables that stand for it.
 * @param given names of variables that the caller gives
 */
export function readsInput(node: SyntaxNode, given: Record<string, unknown>): boolean {
  const { type, children = [] } = node
  const [first] = children
  if (type === 'ExternalConstantTerm') return isInput(node, given)
  if (type === 'InvocationTerm') return !(first?.type === 'FunctionInvocation' && ofNothing.has(nameOf(first)))
  // A path in there starts at an item; a variable means the same everywhere.
  if (type === 'FunctionInvocation' && ofItems.has(nameOf(node))) return namesInput(node, given)
  return children.some((each) => readsInput(each, given))
}

/** Whether one of the variables that stand for the input is named anywhere in it. */
const namesInput = (node: SyntaxNode, given: Record<string, unknown>): boolean =>
  node.type === 'ExternalConstantTerm'
    ? isInput(node, given)
    : (node.children ?? []).some((each) => namesInput(each, given))

/** Whether a variable stands for the input. */
const isInput = ({ text, delimitedText = '' }: SyntaxNode, given: Record<string, unknown>): boolean =>
  inputNames.has(text ?? delimitedText.replace(/^'|'$/g, '')) && !(text !== undefined && Object.hasOwn(given, text))

/** `FunctionInvocation` → `Functn` → `Identifier`. */
const nameOf = (call: SyntaxNode): string => call.children?.[0]?.children?.[0]?.text ?? ''
