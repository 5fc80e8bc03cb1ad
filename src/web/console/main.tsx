import "virtual:catalogue-font/console.css";
import "../ui/tokens.css";
import "../ui/base.css";
import "./console.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startConsole } from "./console.ts";

const page = document.getElementById("page");
if (page !== null) render(<App fleet={startConsole()} />, page);
