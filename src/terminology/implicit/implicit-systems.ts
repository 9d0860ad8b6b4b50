import type { CodeSystemProvider } from '../code-system.ts'

/** Systems that are computed rather than stored. */
export const BUILT_IN_SYSTEMS: { url: string; version?: string }[] = []

/** Systems that are computed rather than stored, by url. */
export function implicitSystem(_url: string): CodeSystemProvider | 'load' | undefined {
  return undefined
}
export async function loadImplicitSystem(_url: string): Promise<void> {}
