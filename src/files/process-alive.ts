import { isSystemError } from '../base/system-error.ts'

/** Whether the process that left a file behind, by its number on this machine, is still there; one of another user, which may not be signalled, is. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isSystemError(error) && error.code === 'EPERM'
  }
}
