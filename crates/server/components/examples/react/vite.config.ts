import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `coulomb demo` serves the workspace whose server this page borrows: sessions and starts go through it, from the same origin.
const demo = process.env.COULOMB_URL ?? "http://127.0.0.1:8988";

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      "/workspace": { target: demo, changeOrigin: true, headers: { origin: demo } },
      "/v1": { target: demo, changeOrigin: true },
    },
  },
});
