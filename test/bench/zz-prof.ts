import { putAndUpload } from './actors.ts'
await putAndUpload(1000)
const n = Number(process.argv[2] ?? 20000)
for (let i = 0; i < 2; i++) {
  const c = process.cpuUsage()
  await putAndUpload(n)
  const { user, system } = process.cpuUsage(c)
  console.log(n, (user + system) / n)
}
