import { readFileSync, writeFileSync } from 'node:fs'

/** A process as the kernel names it; `self` is this one. */
export type Pid = number | 'self'

/** The most memory that a program held: `resourceUsage` may tell that of its parent, from before the program began. */
export const peakRssMiB = (pid: Pid): number => {
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error('The kernel does not tell the peak of a process.')
  return Number(kib) / 1024
}

/** Lets the peak begin anew at what is held now. */
export const forgetPeak = (pid: Pid): void => writeFileSync(`/proc/${pid}/clear_refs`, '5')

/** What a program computed, to 10 ms. */
export const cpuMs = (pid: Pid): number => cpuMsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'), 'own')

/** Reads a line of `/proc/PID/stat`: what the program itself computed, or the children it waited for. */
export const cpuMsIn = (stat: string, whose: 'own' | 'children'): number => {
  // The name comes second, in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const at = whose === 'own' ? 11 : 13
  return (Number(fields[at]) + Number(fields[at + 1])) * TICK_MS
}

const TICK_MS = 10
