import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const NATIVE = ['block', 'view', 'text', 'image', 'scroll-view', 'button', 'input', 'textarea', 'switch', 'navigator']

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => NATIVE.includes(tag) } } })],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'], setupFiles: ['tests/setup.ts'] },
})
